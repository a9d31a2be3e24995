# TUPAC16 with all of ICPR 2012 and MITOS-ATYPIA-14 added to training (Mask R-CNN on TUPAC16, table 1). docs/mask_rcnn.md has the commands
# that lay the data out.
_base_ = './mask_atypia14.py'
data_root = 'data/'
um_per_px = 0.25
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='MitosisDataset',
                data_root=data_root,
                metainfo=_base_.metainfo,
                ann_file=f'{tiles}/tiles.json',
                data_prefix=dict(img=f'{tiles}/images/'),
                pipeline=_base_.train_pipeline)
            for tiles in ['tupac16/tiles_512_train', 'icpr2012/tiles_512_all', 'atypia14/tiles_512_all']
        ]))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='tupac16/annotations_val.json', data_prefix=dict(img='tupac16/')))
test_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='tupac16/annotations_test.json', data_prefix=dict(img='tupac16/')))
# Paper: within 30 px, "counted once", which is the contest's rule.
val_evaluator = dict(matching='amida')
test_evaluator = val_evaluator
