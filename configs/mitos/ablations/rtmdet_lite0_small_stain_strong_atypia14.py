# Twice the variation of stains, and 90 % of the crops instead of 70 % given the stain of another slide.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
stain, scanner, pack = _base_.train_pipeline
train_pipeline = [dict(stain, prob=0.9, sigma_alpha=0.5, sigma_beta=0.1, sigma_white=0.16), scanner, pack]
frame_crops, mosaics = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    dataset=dict(datasets=[dict(frame_crops, pipeline=train_pipeline), dict(mosaics, pipeline=train_pipeline)]))
