# MITOS-RCNN's first baseline small enough to train from scratch on two CPU cores; docs/paper_deviations.md lists what differs.
_base_ = [
    '../../_base_/models/faster_rcnn_vgg16_small.py', '../../_base_/datasets/mitos_rcnn_atypia14_small.py',
    '../../_base_/schedules/mitos_rcnn_small.py', '../../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
