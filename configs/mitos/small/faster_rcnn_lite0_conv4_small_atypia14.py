# MITOS-RCNN's second baseline with the same backbone, standard anchors of 128, 256 and 512 px.
_base_ = [
    '../../_base_/models/faster_rcnn_lite0_conv4_small.py', '../../_base_/datasets/mitos_rcnn_atypia14_small.py',
    '../../_base_/schedules/adamw_2k.py', '../../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=299, overlap=74, merge_distance=14.0)
