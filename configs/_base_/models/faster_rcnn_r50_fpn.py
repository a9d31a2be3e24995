# Faster R-CNN with ResNet-50 and FPN as in mmdet's own, two classes; all else is the Cascade R-CNN's, with the first stage's rules.
_base_ = './cascade_rcnn_x101_64x4d_fpn.py'
model = dict(
    type='FasterRCNN',
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    roi_head=dict(
        _delete_=True,
        type='StandardRoIHead',
        bbox_roi_extractor=_base_.model.roi_head.bbox_roi_extractor,
        bbox_head=dict(
            _base_.model.roi_head.bbox_head[0], reg_class_agnostic=False, loss_bbox=dict(type='L1Loss', loss_weight=1.0))),
    train_cfg=dict(rcnn=dict(_base_.model.train_cfg.rcnn[0], _delete_=True)))
