# Phase one of the two-phase detector (Mask R-CNN on TUPAC16, section 3.4): VGG16 as a fully convolutional network, here FCN-8s. A name of
# its own, so that one config can hold both phases.
phase_one = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_mask=True,
        pad_size_divisor=32),
    backbone=dict(
        type='VGG16',
        out_layers=('conv3_3', 'conv4_3', 'conv5_3'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16')),
    neck=dict(
        type='FullyConvNeck',
        in_channels=512,
        channels=4096,
        kernel_size=7,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16', prefix='classifier.')),
    bbox_head=dict(
        type='CandidateHead',
        in_channels=(256, 512, 4096),
        loss_mask=dict(type='CrossEntropyLoss', use_sigmoid=True, class_weight=[10.0])),
    # Ours: low, since what this phase misses is lost; a speck of about half the smallest mask (78 px) is none.
    test_cfg=dict(threshold=0.3, min_area_px=40))
