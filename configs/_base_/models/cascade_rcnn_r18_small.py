# The paper's Cascade R-CNN cut down for two CPU cores (ours): ResNet-18 up to stride 16 and from scratch, 64 channels in neck and RPN,
# heads of 128, 64 RoIs per image.
_base_ = './cascade_rcnn_x101_64x4d_fpn.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch'),
    neck=dict(in_channels=[64, 128, 256], out_channels=64, num_outs=3),
    rpn_head=dict(in_channels=64, feat_channels=64, anchor_generator=dict(strides=[4, 8, 16])),
    roi_head=dict(
        bbox_roi_extractor=dict(
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2), out_channels=64, featmap_strides=[4, 8, 16]),
        bbox_head=[dict(head, in_channels=64, fc_out_channels=128) for head in _base_.model.roi_head.bbox_head]),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=200),
        rcnn=[dict(stage, sampler=dict(stage['sampler'], num=64)) for stage in _base_.model.train_cfg.rcnn]),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))
