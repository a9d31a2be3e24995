# Cascade R-CNN small enough to train from scratch on two CPU cores; docs/paper_deviations.md lists what differs from the paper's recipe.
_base_ = [
    '../../_base_/models/cascade_rcnn_r18_small.py', '../../_base_/datasets/atypia14.py', '../../_base_/schedules/adamw_small.py',
    '../../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
