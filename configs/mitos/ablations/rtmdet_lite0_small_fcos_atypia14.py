# FCOS's head, assignment and losses, with the improvements that mmdet offers, instead of RTMDet's.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        bbox_head=dict(
            _delete_=True,
            type='FCOSHead',
            num_classes=1,
            in_channels=96,
            feat_channels=96,
            stacked_convs=2,
            strides=[8, 16, 32],
            regress_ranges=((-1, 64), (64, 128), (128, 1e8)),
            norm_on_bbox=True,
            centerness_on_reg=True,
            center_sampling=True,
            conv_bias=True,
            loss_bbox=dict(type='GIoULoss', loss_weight=1.0))))
