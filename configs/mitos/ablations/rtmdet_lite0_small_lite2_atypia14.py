# EfficientNet-lite2 as the backbone: deeper and wider.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
model = dict(detector=dict(backbone=dict(arch='lite2'), neck=dict(in_channels=[48, 120, 352])))
