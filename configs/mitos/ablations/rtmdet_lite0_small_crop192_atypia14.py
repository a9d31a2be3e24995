# Crops of 192 px, as many pixels in an iteration.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
auto_scale_lr = dict(base_batch_size=14)
train_dataloader = dict(
    batch_size=14, dataset=dict(datasets=[dict(frame_crops, crop_size=192), dict(mosaics, crop_size=192)]))
