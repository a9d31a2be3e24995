# Paper (Mask R-CNN on TUPAC16, section 3.8): SGD 0.0025 at batch 2, 30,000 iterations (docs/paper_deviations.md says why not epochs).
# Iterations instead of epochs: goes with iter_runtime.py.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=30000, val_interval=3000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Ours, where the paper is silent: momentum, decay, warm-up, and steps at the same parts of the run as in mmdet's 1x schedule.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', begin=0, end=30000, by_epoch=False, milestones=[20000, 27500], gamma=0.1)
]
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.0025, momentum=0.9, weight_decay=0.0001))
auto_scale_lr = dict(enable=False, base_batch_size=2)
