# One-stage baseline for two CPU cores: RTMDet-tiny from scratch on the tiles of cascade_rcnn_r18_small_atypia14.py.
_base_ = [
    '../../_base_/models/rtmdet_tiny_small.py', '../../_base_/datasets/atypia14.py', '../../_base_/schedules/adamw_50e.py',
    '../../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
# Ours: a higher rate than the recipe's, as nothing is pretrained; 20 epochs for the time.
train_cfg = dict(max_epochs=20, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0e-3, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR', eta_min=5.0e-5, begin=10, end=20, T_max=10, by_epoch=True, convert_to_iter_based=True)
]
optim_wrapper = dict(optimizer=dict(lr=0.001))
train_dataloader = dict(batch_size=16)
