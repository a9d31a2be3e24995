# MIDOG, laid out as docs/data.md says: frames in images/, training tiles of 512 px in tiles_train/.
dataset_type = 'MitosisDataset'
data_root = 'data/midog/'
# 50 px: MIDOG's own labels are squares of 50 px around each figure.
box_size = '50px'
# What networks are trained at: the contest's scanners have 0.23 to 0.25 (ours: the coarsest).
um_per_px = 0.25

train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain', method='macenko'),  # paper; the target is ours
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToBoxes', size=box_size),
    # Paper: crops with a minimum IoU of 0.3, scales of 512 and four others in steps of 64 px, flips.
    dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.3),
    dict(
        type='RandomChoiceResize',
        scales=[(384, 384), (448, 448), (512, 512), (576, 576), (640, 640)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain', method='macenko'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'um_per_px', 'scanner', 'case_id', 'domain',
                   'labelled', 'instances', 'broken'))
]

train_dataloader = dict(
    batch_size=4,  # paper
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='tiles_train/tiles.json',
        data_prefix=dict(img='tiles_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations_val.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='CentroidMetric', radius='7.5um')  # contest
test_evaluator = val_evaluator
