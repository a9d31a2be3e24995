# One-stage baseline: RTMDet-s on MIDOG's labels, with the crops, scales and flips of cascade_rcnn_midog.py.
_base_ = [
    '../_base_/models/rtmdet_s.py', '../_base_/datasets/midog.py', '../_base_/schedules/adamw_50e.py',
    '../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128, batch_size=16)
train_dataloader = dict(batch_size=16)
