# With a detector's false positives on the training frames among the hard negatives (mitos mine-negatives).
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    dataset=dict(datasets=[dict(frame_crops, ann_file='atypia14/stains_train_mined.json'), mosaics]))
