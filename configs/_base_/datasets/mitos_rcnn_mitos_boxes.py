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
            for contest, part in [('icpr2012', 'train'), ('tupac16', 'amida13_train'), ('atypia14', 'both_train')]
        ]))
# Held out by case in each contest, so that the paper's Table III has a counterpart: case 02 of ICPR 2012, AMIDA13's test cases 13 to 23
# and, validated on here, ATYPIA-14's slides 05 and 11 on both scanners (in neither of the other contests). docs/mitos_rcnn.md tests on all.
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='atypia14/both_val.json', data_prefix=dict(img='atypia14/')))
test_dataloader = val_dataloader
