# MITOS-RCNN on ICPR 2012, as published (docs/paper_deviations.md lists what differs).
_base_ = [
    '../_base_/models/mitos_rcnn_vgg16.py', '../_base_/datasets/mitos_rcnn_icpr2012.py',
    '../_base_/schedules/mitos_rcnn_80k.py', '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
