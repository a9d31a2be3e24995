# The same with small anchors (ours): 16, 24 and 36 px, as a 30 px box of the frame is 22 x 24 px at 299 px.
_base_ = './faster_rcnn_vgg16_conv4_small_atypia14.py'
model = dict(detector=dict(rpn_head=dict(anchor_generator=dict(scales=[2, 3, 4.5]))))
