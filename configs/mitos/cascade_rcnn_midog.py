# Cascade R-CNN on MIDOG 2021 with hard negatives as a second class, as published (docs/paper_deviations.md lists what differs).
_base_ = [
    '../_base_/models/cascade_rcnn_x101_64x4d_fpn.py', '../_base_/datasets/midog.py', '../_base_/schedules/sgd_50e.py',
    '../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
