# Phase two for two_phase_fcn_vgg16_small_atypia14.py, small enough to train from scratch on one CPU core.
_base_ = [
    '../../_base_/models/two_phase_resnet18_small.py', '../../_base_/datasets/two_phase_patches_atypia14_small.py',
    '../../_base_/schedules/adamw_small.py', '../../_base_/default_runtime.py'
]
model = _base_.phase_two
train_cfg = dict(max_epochs=40, val_interval=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=40, begin=0, end=40, eta_min=1.0e-6, by_epoch=True, convert_to_iter_based=True)
]
optim_wrapper = dict(optimizer=dict(lr=0.001))
auto_scale_lr = dict(base_batch_size=32)
