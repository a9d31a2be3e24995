# mask_rcnn_r101_fpn_tupac16.py on MITOS-ATYPIA-14 alone.
_base_ = [
    '../_base_/models/mask_rcnn_r101_fpn.py', '../_base_/datasets/mask_atypia14.py',
    '../_base_/schedules/mask_rcnn_30k.py', '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
default_hooks = dict(checkpoint=dict(interval=3000))
