# Frames alone, without mosaics of AMi-Br's patches.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(dataset=dict(_delete_=True, **frame_crops))
