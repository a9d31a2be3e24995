# Boxes of 30 px of the network's 299 px image (about 40 px of the frame), as the paper's argument from detectable sizes reads.
_base_ = '../mitos_rcnn_vgg16_atypia14.py'
train_pipeline = [
    _base_.load_frame,
    dict(type='NormalizeStain', prob=0.5), _base_.load_labels,
    dict(type='CentroidsToBoxes', size='30px', image_size=(299, 299)),
    dict(type='RandomRotate90'),
    dict(type='Resize', scale=(299, 299), keep_ratio=False), _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
