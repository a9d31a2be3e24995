# Phase one cut down for two CPU cores (ours): an eighth of VGG16's channels at the large maps, a quarter at the small ones, fc6 of 3 x 3,
# batch norm and no pretrained weights.
_base_ = './two_phase_fcn_vgg16.py'
phase_one = dict(
    backbone=dict(channels=(8, 16, 32, 64, 128), norm_cfg=dict(type='BN'), init_cfg=None),
    neck=dict(in_channels=128, channels=128, kernel_size=3, dropout=0.1, norm_cfg=dict(type='BN'), init_cfg=None),
    bbox_head=dict(in_channels=(32, 64, 128)))
