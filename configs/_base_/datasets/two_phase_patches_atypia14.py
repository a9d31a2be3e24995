# Phase one's candidates on MITOS-ATYPIA-14, cut by tools/collect_candidates.py (docs/two_phase.md). They come from frames that the test
# pipeline has stain-normalised, so the stain is not touched again.
dataset_type = 'MitosisDataset'
data_root = 'data/atypia14/'
metainfo = dict(classes=('mitotic figure', ))  # a patch of another class is one without a figure

train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),  # paper
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadFrame'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'um_per_px', 'scanner', 'case_id', 'domain',
                   'labelled', 'instances', 'broken'))
]

train_dataloader = dict(
    batch_size=12,  # paper
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='candidates_train/candidates.json',
        data_prefix=dict(img='candidates_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='candidates_val/candidates.json',
        data_prefix=dict(img='candidates_val/images/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Patches counted as frames: a figure lies in the middle of its patch, where the prediction is.
val_evaluator = dict(type='CentroidMetric', radius='30px')
test_evaluator = val_evaluator
