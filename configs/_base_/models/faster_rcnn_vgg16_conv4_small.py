# faster_rcnn_vgg16_small.py on conv4_3 alone, stride 8.
_base_ = './faster_rcnn_vgg16_small.py'
model = dict(
    backbone=dict(out_layers=('conv4_3', )),
    rpn_head=dict(
        anchor_generator=dict(scales=[16, 32, 64], strides=[8]),
        loss_bbox=dict(loss_weight=10 * 256 / 37**2)),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=[8])))
