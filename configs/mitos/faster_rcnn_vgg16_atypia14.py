# MITOS-RCNN's first baseline, Faster R-CNN on VGG16 on MITOS-ATYPIA-14.
_base_ = [
    '../_base_/models/faster_rcnn_vgg16.py', '../_base_/datasets/mitos_rcnn_atypia14.py',
    '../_base_/schedules/mitos_rcnn_80k.py', '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
