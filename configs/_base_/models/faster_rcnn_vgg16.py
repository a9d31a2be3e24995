# Faster R-CNN on VGG16's conv5_3 (NIPS 2015; MITOS-RCNN's first baseline), two classes.
# "Faster R-CNN" marks what that paper or its authors' code has: MITOS-RCNN was trained "in the same fashion" (section IV-B.4).
model = dict(
    type='FasterRCNN',
    # The mean and channel order of caffe's VGG16. With torchvision's weights instead, checkpoint='torchvision://vgg16' below:
    # std=[58.395, 57.12, 57.375].
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=True,
        pad_size_divisor=1),
    backbone=dict(
        type='VGG16',
        out_layers=('conv5_3', ),
        frozen_stages=2,  # Faster R-CNN
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://vgg16_caffe')),
    rpn_head=dict(
        type='RPNHead',
        in_channels=512,
        feat_channels=512,
        # Faster R-CNN: 128, 256 and 512 px at 1:2, 1:1 and 2:1, in px of the 299 px image.
        anchor_generator=dict(type='AnchorGenerator', scales=[8, 16, 32], ratios=[0.5, 1.0, 2.0], strides=[16]),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[0.0, 0.0, 0.0, 0.0], target_stds=[1.0, 1.0, 1.0, 1.0]),
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
        # Paper: lambda 10, over 18 x 18 anchor positions; mmdet divides by the 256 sampled anchors (docs/mitos_rcnn.md).
        loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=10 * 256 / 18**2)),
    roi_head=dict(
        type='StandardRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIPool', output_size=7),  # paper
            out_channels=512,
            featmap_strides=[16]),
        bbox_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=512,
            fc_out_channels=4096,  # Fast R-CNN on VGG16
            roi_feat_size=7,
            num_classes=2,
            bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[0.0, 0.0, 0.0, 0.0], target_stds=[0.1, 0.1, 0.2, 0.2]),
            reg_class_agnostic=False,  # paper
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0),  # paper, after Fast R-CNN
            init_cfg=dict(type='Normal', layer='Linear', std=0.01))),  # paper; mmdet's own: Xavier, and 0.001 for the regression
    train_cfg=dict(
        rpn=dict(
            # The best anchor of each object is positive however little it overlaps (Faster R-CNN's first rule; mmdet's default asks for
            # 0.3, which no 30 px box reaches with a 128 px anchor). Not 0: a box without any overlap would make all anchors positive.
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=1.0e-4,
                match_low_quality=True,
                ignore_iof_thr=-1),
            sampler=dict(type='RandomSampler', num=256, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False),
            # Ours: Faster R-CNN leaves out anchors over the border (0). On 299 px that is all of 512 px and all but 1 % of 256.
            allowed_border=-1,
            pos_weight=-1,
            debug=False),
        rpn_proposal=dict(nms_pre=12000, max_per_img=2000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),  # Faster R-CNN
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=-1),
            sampler=dict(type='RandomSampler', num=128, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True),  # Faster R-CNN
            pos_weight=-1,
            debug=False)),
    test_cfg=dict(
        rpn=dict(nms_pre=6000, max_per_img=300, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),  # Faster R-CNN
        rcnn=dict(score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100)))
