# Phase one's candidates on TUPAC16, ICPR 2012 and MITOS-ATYPIA-14, where mask_rcnn_r101_fpn_tupac16.py takes its tiles.
_base_ = './two_phase_patches_atypia14.py'
data_root = 'data/'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='MitosisDataset',
                data_root=data_root,
                metainfo=_base_.metainfo,
                ann_file=f'{patches}/candidates.json',
                data_prefix=dict(img=f'{patches}/images/'),
                pipeline=_base_.train_pipeline)
            for patches in ['tupac16/candidates_train', 'icpr2012/candidates_contest_train', 'atypia14/candidates_all']
        ]))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='tupac16/candidates_val/candidates.json',
        data_prefix=dict(img='tupac16/candidates_val/images/')))
test_dataloader = val_dataloader
