# faster_rcnn_lite0_small.py on the stage of stride 8 alone, as conv4 of VGG16.
_base_ = './faster_rcnn_lite0_small.py'
model = dict(
    backbone=dict(out_indices=(2, )),
    rpn_head=dict(
        in_channels=40,
        anchor_generator=dict(scales=[16, 32, 64], strides=[8]),  # the same 128, 256 and 512 px
        loss_bbox=dict(loss_weight=10 * 256 / 38**2)),  # lite0's maps round up: 38 x 38 positions of 299 px
    roi_head=dict(bbox_roi_extractor=dict(out_channels=40, featmap_strides=[8]), bbox_head=dict(in_channels=40)))
