# Faster R-CNN on VGG16 cut down for two CPU cores (ours): few channels, BN and from scratch, RPN of 64, fully connected layers of 256,
# RoIAlign (RoIPool is slow on a CPU), 64 RoIs per image, fewer proposals.
_base_ = './faster_rcnn_vgg16.py'
model = dict(
    data_preprocessor=dict(std=[58.395, 57.12, 57.375]),
    backbone=dict(channels=(8, 16, 48, 96, 96), norm_cfg=dict(type='BN'), frozen_stages=0, init_cfg=None),
    rpn_head=dict(in_channels=96, feat_channels=64),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(_delete_=True, type='RoIAlign', output_size=7, sampling_ratio=2), out_channels=96),
        bbox_head=dict(in_channels=96, fc_out_channels=256)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=1000, max_per_img=300), rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(nms_pre=1000)))
