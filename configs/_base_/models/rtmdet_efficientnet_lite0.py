# RTMDet on EfficientNet-lite0 with ImageNet weights: neck and head of RTMDet-tiny's width, one class, losses of a batch at once.
_base_ = './rtmdet_s.py'
model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        out_indices=(2, 3, 4),
        init_cfg=dict(type='Pretrained', checkpoint='imagenet')),
    neck=dict(in_channels=[40, 112, 320], out_channels=96),
    bbox_head=dict(type='BatchedRTMDetHead', num_classes=1, in_channels=96, feat_channels=96))
