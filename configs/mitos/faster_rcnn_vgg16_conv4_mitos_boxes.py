# MITOS-RCNN's second baseline, Faster R-CNN on conv4 alone on ICPR 2012, AMIDA13 and MITOS-ATYPIA-14 together.
_base_ = [
    '../_base_/models/faster_rcnn_vgg16_conv4.py', '../_base_/datasets/mitos_rcnn_mitos_boxes.py',
    '../_base_/schedules/mitos_rcnn_80k.py', '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
