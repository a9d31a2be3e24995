# TUPAC16 with the training frames of ICPR 2012 and MITOS-ATYPIA-14 added to training (Mask R-CNN on TUPAC16, table 1). docs/mask_rcnn.md
# has the commands that lay the data out.
_base_ = './mask_atypia14.py'
data_root = 'data/'
um_per_px = 0.25
# Paper, section 3.3: "Annotations of Mitos14 and TUPAC16 dataset are provided as weak labels"; ICPR 2012 has the pathologists' outlines.
outlines_to_masks = dict(type='CentroidsToMasks', source='outlines')
outline_pipeline = [_base_.load_frame, _base_.normalize_stain, _base_.load_labels, outlines_to_masks, _base_.flip, _base_.pack]
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
                pipeline=pipeline)
            for tiles, pipeline in [('tupac16/tiles_512_train', _base_.train_pipeline), (
                'icpr2012/tiles_512_contest_train', outline_pipeline), ('atypia14/tiles_512_all', _base_.train_pipeline)]
        ]))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='tupac16/annotations_val.json', data_prefix=dict(img='tupac16/')))
test_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='tupac16/annotations_test.json', data_prefix=dict(img='tupac16/')))
# Paper: within 30 px, "counted once", which is the contest's rule.
val_evaluator = dict(matching='amida')
test_evaluator = val_evaluator
