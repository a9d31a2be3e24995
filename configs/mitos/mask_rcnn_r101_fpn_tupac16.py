# Mask R-CNN on TUPAC16, as published (docs/paper_deviations.md lists what differs).
_base_ = [
    '../_base_/models/mask_rcnn_r101_fpn.py', '../_base_/datasets/mask_tupac16.py',
    '../_base_/schedules/mask_rcnn_30k.py', '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
default_hooks = dict(checkpoint=dict(interval=3000))
