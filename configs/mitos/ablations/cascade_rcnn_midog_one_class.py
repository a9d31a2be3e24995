# Control for the paper's second class: the same training images with their hard negatives as background.
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(roi_head=dict(bbox_head=[dict(head, num_classes=1) for head in _base_.model.detector.roi_head.bbox_head])))
train_dataloader = dict(dataset=dict(hard_negatives='background'))
val_dataloader = dict(dataset=dict(hard_negatives='background'))
test_dataloader = val_dataloader
