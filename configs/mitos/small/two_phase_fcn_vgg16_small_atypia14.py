# Phase one small enough to train from scratch on one CPU core, on the tiles of mask_rcnn_r18_small_atypia14.py.
_base_ = [
    '../../_base_/models/two_phase_fcn_vgg16_small.py', '../../_base_/datasets/mask_atypia14_small.py',
    '../../_base_/schedules/adamw_small.py', '../../_base_/default_runtime.py'
]
model = dict(type='TiledDetector', detector=_base_.phase_one, tile_size=512, overlap=128)
train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=8, begin=0, end=8, eta_min=1.0e-6, by_epoch=True, convert_to_iter_based=True)
]
optim_wrapper = dict(optimizer=dict(lr=0.002))
