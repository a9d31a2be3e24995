# Phase two cut down for two CPU cores (ours): ResNet-18 of half the channels, from scratch.
_base_ = './two_phase_resnet101.py'
phase_two = dict(
    backbone=dict(depth=18, base_channels=32, stem_channels=32, init_cfg=None), bbox_head=dict(in_channels=256))
