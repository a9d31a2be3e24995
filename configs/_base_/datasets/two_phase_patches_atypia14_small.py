# two_phase_patches_atypia14.py for two CPU cores and networks from scratch (ours): larger batches, flips and quarter turns, mild colours.
_base_ = './two_phase_patches_atypia14.py'
train_pipeline = [
    _base_.load_frame, _base_.load_labels, _base_.mild_colours, dict(type='RandomRotate90'), _base_.flip, _base_.pack
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
