# The recommended detector's first training with 2,000 iterations of 8 (ours): the control of ablations/rtmdet_lite0_small_*.
_base_ = '../rtmdet_efficientnet-lite0_atypia14.py'
train_cfg = dict(max_iters=2000, val_interval=1000)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', T_max=2000, begin=0, end=2000, eta_min=1.0e-6, by_epoch=False)
]
optim_wrapper = dict(optimizer=dict(lr=0.0005))
auto_scale_lr = dict(base_batch_size=8)
train_dataloader = dict(batch_size=8)
