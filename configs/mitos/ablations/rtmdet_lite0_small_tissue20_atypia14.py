# 20 % of the crops anywhere in a frame instead of 40 %, the rest near labels.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(dataset=dict(datasets=[dict(frame_crops, shares=(0.45, 0.35, 0.2)), mosaics]))
