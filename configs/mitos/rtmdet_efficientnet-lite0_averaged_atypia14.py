# The second stage of the bundled weights: rtmdet_efficientnet-lite0_atypia14.py trained further at a constant rate with frozen statistics,
# and its weights averaged (stochastic weight averaging, Izmailov et al. 2018). All numbers are ours.
_base_ = './rtmdet_efficientnet-lite0_atypia14.py'
load_from = 'work_dirs/rtmdet_efficientnet-lite0_atypia14/iter_462.pth'
train_cfg = dict(max_iters=1200, val_interval=1200)
param_scheduler = [dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50)]
optim_wrapper = dict(optimizer=dict(lr=0.0002))
auto_scale_lr = dict(base_batch_size=8)
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    batch_size=8, dataset=dict(datasets=[dict(frame_crops, length=16000), dict(mosaics, length=4000)]))
custom_hooks = [
    dict(type='EMAHook', ema_type='StochasticWeightAverage', interval=2, begin_iter=100),
    dict(type='FreezeNormHook')
]
