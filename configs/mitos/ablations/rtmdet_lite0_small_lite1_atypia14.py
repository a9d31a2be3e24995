# EfficientNet-lite1 as the backbone: deeper, the same maps.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
model = dict(detector=dict(backbone=dict(arch='lite1')))
