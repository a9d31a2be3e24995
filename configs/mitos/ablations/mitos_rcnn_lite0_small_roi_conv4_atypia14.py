# mitos_rcnn_lite0_small_atypia14.py with RoIs pooled from conv4, RPN_1's map.
_base_ = '../small/mitos_rcnn_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        neck=dict(out_maps=('coarse', 'joint')),
        rpn_head=dict(rpn1_maps=[0], rpn2_maps=[1]),
        roi_head=dict(bbox_roi_extractor=dict(out_channels=40, featmap_strides=[8]), bbox_head=dict(in_channels=40))))
