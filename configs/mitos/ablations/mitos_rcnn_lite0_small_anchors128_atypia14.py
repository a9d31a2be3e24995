# mitos_rcnn_lite0_small_atypia14.py with the baselines' anchors of 128, 256 and 512 px in RPN_1.
_base_ = '../small/mitos_rcnn_lite0_small_atypia14.py'
model = dict(detector=dict(rpn_head=dict(rpn1=dict(anchor_generator=dict(scales=[16, 32, 64])))))
