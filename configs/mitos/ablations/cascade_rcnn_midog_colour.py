# Ablation of the paper: colour and contrast augmentation on top.
_base_ = '../cascade_rcnn_midog.py'
train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToBoxes', size='50px'),
    dict(type='PhotoMetricDistortion', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=8),
    dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.3),
    dict(
        type='RandomChoiceResize',
        scales=[(384, 384), (448, 448), (512, 512), (576, 576), (640, 640)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
