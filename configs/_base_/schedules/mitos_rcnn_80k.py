# Paper (MITOS-RCNN, section IV-B.4): SGD, 60,000 iterations at 1e-3 and 20,000 at 1e-4, momentum 0.9, decay 5e-4.
# Iterations instead of epochs: goes with iter_runtime.py.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=80000, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Ours: warm-up and clipping as in mmdet's recipes, since the new layers are trained jointly with the old ones from the start.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', begin=0, end=80000, by_epoch=False, milestones=[60000], gamma=0.1)
]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0005),
    clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=False, base_batch_size=10)
