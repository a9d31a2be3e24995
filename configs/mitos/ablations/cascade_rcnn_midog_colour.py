# Ablation of the paper: colour and contrast augmentation on top.
_base_ = '../cascade_rcnn_midog.py'
train_pipeline = [*_base_.load_and_label, _base_.mild_colours, _base_.crop, _base_.resize, _base_.flip, _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
