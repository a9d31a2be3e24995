# mitos_rcnn_vgg16_atypia14.py with RoIs pooled from conv4, RPN_1's map.
_base_ = '../mitos_rcnn_vgg16_atypia14.py'
model = dict(
    detector=dict(
        neck=dict(out_maps=('coarse', 'joint')),
        rpn_head=dict(rpn1_maps=[0], rpn2_maps=[1]),
        roi_head=dict(bbox_roi_extractor=dict(out_channels=512, featmap_strides=[8]), bbox_head=dict(in_channels=512))))
