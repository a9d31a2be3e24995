# The paper's Mask R-CNN cut down for two CPU cores (ours), as cascade_rcnn_r18_small.py: ResNet-18 up to stride 16 and from scratch, 64
# channels in neck, RPN and mask branch, a head of 128, 64 RoIs per image.
_base_ = './mask_rcnn_r101_fpn.py'
model = dict(
    init_cfg=None,
    backbone=dict(
        depth=18,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        frozen_stages=-1,
        norm_eval=False,
        init_cfg=None),
    neck=dict(in_channels=[64, 128, 256], out_channels=64, num_outs=3),
    rpn_head=dict(in_channels=64, feat_channels=64, anchor_generator=dict(strides=[4, 8, 16])),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=2), out_channels=64, featmap_strides=[4, 8, 16]),
        bbox_head=dict(in_channels=64, fc_out_channels=128),
        mask_roi_extractor=dict(roi_layer=dict(sampling_ratio=2), out_channels=64, featmap_strides=[4, 8, 16]),
        mask_head=dict(in_channels=64, conv_out_channels=64)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=500, max_per_img=200), rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))
