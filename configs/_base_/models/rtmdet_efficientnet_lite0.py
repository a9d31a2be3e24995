# RTMDet on EfficientNet-lite0 with ImageNet weights: neck and head of RTMDet-tiny's width, one class, losses of a batch at once.
model = dict(
    type='RTMDet',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[127, 127, 127], std=[128, 128, 128], bgr_to_rgb=True, pad_size_divisor=32),
    backbone=dict(
        type='EfficientNetLite', arch='lite0', out_indices=(2, 3, 4), init_cfg=dict(type='Pretrained', checkpoint='imagenet')),
    neck=dict(
        type='CSPNeXtPAFPN',
        in_channels=[40, 112, 320],
        out_channels=96,
        num_csp_blocks=1,
        expand_ratio=0.5,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU', inplace=True)),
    bbox_head=dict(
        type='BatchedRTMDetHead',
        num_classes=1,
        in_channels=96,
        feat_channels=96,
        stacked_convs=2,
        anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
        bbox_coder=dict(type='DistancePointBBoxCoder'),
        loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        with_objectness=False,
        exp_on_reg=False,
        share_conv=True,
        pred_kernel_size=1,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU', inplace=True)),
    train_cfg=dict(assigner=dict(type='DynamicSoftLabelAssigner', topk=13), allowed_border=-1, pos_weight=-1, debug=False),
    test_cfg=dict(
        nms_pre=3000, min_bbox_size=0, score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))
