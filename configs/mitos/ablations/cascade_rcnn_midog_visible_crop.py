# The other reading of the paper's "minimum of 0.3 IoU of cropped patches": crops in which boxes stay visible by 0.3 of their area.
_base_ = '../cascade_rcnn_midog.py'
crop = dict(type='VisibleBoxCrop', min_visible=0.3)
train_pipeline = [*_base_.load_and_label, crop, _base_.resize, _base_.flip, _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
