# two_phase_patches_atypia14.py for two CPU cores and networks from scratch (ours): larger batches, flips and quarter turns, mild colours.
_base_ = './two_phase_patches_atypia14.py'
train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PhotoMetricDistortion', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=8),
    dict(type='RandomRotate90'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackDetInputs')
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
