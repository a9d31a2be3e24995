# Mask R-CNN with a small ImageNet backbone that no hub is needed for, 2,000 iterations of 8 (ours).
_base_ = [
    '../../_base_/models/mask_rcnn_lite0_small.py', '../../_base_/datasets/mask_atypia14_small.py', '../../_base_/schedules/adamw_2k.py',
    '../../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
