# Control for lambda = 10: faster_rcnn_vgg16_conv4_atypia14.py with the RPN's box loss weighted by 1.
_base_ = '../faster_rcnn_vgg16_conv4_atypia14.py'
model = dict(detector=dict(rpn_head=dict(loss_bbox=dict(loss_weight=1.0))))
