# ICPR 2012 with the pathologists' outlines as masks. Split by case: the contest's own split has the same patients on both sides.
_base_ = './mask_atypia14.py'
data_root = 'data/icpr2012/'
um_per_px = 0.2456  # Aperio
train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToMasks', source='outlines'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
