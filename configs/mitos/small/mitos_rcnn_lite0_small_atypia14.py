# MITOS-RCNN with a small ImageNet backbone that no hub is needed for; docs/paper_deviations.md lists what differs.
_base_ = [
    '../../_base_/models/mitos_rcnn_lite0_small.py', '../../_base_/datasets/mitos_rcnn_atypia14_small.py',
    '../../_base_/schedules/adamw_2k.py', '../../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
