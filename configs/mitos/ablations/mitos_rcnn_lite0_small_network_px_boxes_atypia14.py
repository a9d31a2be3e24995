# Boxes of 30 px of the network's 299 px image (about 40 px of the frame), as the paper's argument from detectable sizes reads.
_base_ = '../small/mitos_rcnn_lite0_small_atypia14.py'
labels_to_boxes = dict(type='CentroidsToBoxes', size='30px', image_size=(299, 299))
train_pipeline = [*_base_.load_and_label, labels_to_boxes, *_base_.turn_and_resize, _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
