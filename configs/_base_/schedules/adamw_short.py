# AdamW with a cosine over few iterations, for crops drawn anew without end: longer trainings ranked worse (ours, docs/results.md).
train_cfg = dict(type='IterBasedTrainLoop', max_iters=462, val_interval=462)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.005, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1.0e-5, by_epoch=False, begin=0, end=462, T_max=462)
]
# The head shares its convolutions over levels, so parameters come by twice: bypass_duplicate.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
    clip_grad=dict(max_norm=10, norm_type=2))
auto_scale_lr = dict(enable=False, base_batch_size=32)
