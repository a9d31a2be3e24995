# adamw_small.py for 9 epochs (ours).
_base_ = './adamw_small.py'
train_cfg = dict(max_epochs=9, val_interval=3)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=9, begin=0, end=9, eta_min=1.0e-6, by_epoch=True, convert_to_iter_based=True)
]
