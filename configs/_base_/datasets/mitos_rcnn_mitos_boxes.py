# MITOS-BOXES (MITOS-RCNN, section IV-A): ICPR 2012, AMIDA13 and MITOS-ATYPIA-14 together, both scanners. The paper's hand-drawn boxes
# were never published: boxes of 30 px, their mean, around the contests' centroids.
_base_ = './mitos_rcnn_atypia14.py'
data_root = 'data/'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='MitosisDataset',
                data_root=data_root,
                ann_file=f'{contest}/tiles_4x4_{part}/tiles.json',
                data_prefix=dict(img=f'{contest}/tiles_4x4_{part}/images/'),
                pipeline=_base_.train_pipeline)
            for contest, part in [('icpr2012', 'all'), ('tupac16', 'amida13'), ('atypia14', 'both_train')]
        ]))
# ATYPIA-14's held-out slides 05 and 11 on both scanners: in neither of the other contests.
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='atypia14/both_val.json', data_prefix=dict(img='atypia14/')))
test_dataloader = val_dataloader
