# The same with the small anchors of MITOS-RCNN's RPN_1 (ours): 16, 24, 32 and 48 px of the 299 px image.
_base_ = './faster_rcnn_vgg16_conv4_small_atypia14.py'
model = dict(detector=dict(rpn_head=dict(anchor_generator=dict(scales=[2, 3, 4, 6]))))
