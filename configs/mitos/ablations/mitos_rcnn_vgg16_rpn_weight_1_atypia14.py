# Control for lambda = 10: the box losses of both RPNs weighted by 1, mmdet's and py-faster-rcnn's reading of it.
_base_ = '../mitos_rcnn_vgg16_atypia14.py'
model = dict(detector=dict(rpn_head=dict(rpn1=dict(loss_bbox=dict(loss_weight=1.0)), rpn2=dict(loss_bbox=dict(loss_weight=1.0)))))
