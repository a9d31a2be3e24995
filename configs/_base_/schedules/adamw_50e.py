# AdamW as in mmdet's RTMDet recipes, a flat half and a cosine half; the rate for a batch of 16 is ours.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0e-3, by_epoch=False, begin=0, end=500),
    dict(
        type='CosineAnnealingLR', eta_min=2.5e-5, begin=25, end=50, T_max=25, by_epoch=True, convert_to_iter_based=True)
]
# The head shares its convolutions over levels, so parameters come by twice: bypass_duplicate.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0005, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True))
auto_scale_lr = dict(enable=False, base_batch_size=16)
