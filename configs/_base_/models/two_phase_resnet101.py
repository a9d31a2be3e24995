# Phase two of the two-phase detector (Mask R-CNN on TUPAC16, section 3.4): ResNet101 tells mitotic figures from the rest of phase one's
# candidates.
phase_two = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32),
    backbone=dict(
        type='ResNet',
        depth=101,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101')),
    bbox_head=dict(type='PatchHead', in_channels=2048, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False)))
