# cascade_rcnn_r18_small_atypia14.py on the built-in sample: what `make demo` trains.
_base_ = [
    '../../_base_/models/cascade_rcnn_r18_small.py', '../../_base_/datasets/sample.py', '../../_base_/schedules/adamw_small.py',
    '../../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128)
# Validated once, at the end: `make demo` tests this checkpoint anyway.
train_cfg = dict(max_epochs=4, val_interval=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=4, begin=0, end=4, eta_min=1.0e-6, by_epoch=True, convert_to_iter_based=True)
]
default_hooks = dict(logger=dict(interval=20))
