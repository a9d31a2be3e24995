# Phase two, on the candidates that mitos candidates cuts with two_phase_fcn_vgg16_tupac16.py.
_base_ = [
    '../_base_/models/two_phase_resnet101.py', '../_base_/datasets/two_phase_patches_tupac16.py',
    '../_base_/schedules/adam_100e.py', '../_base_/default_runtime.py'
]
model = _base_.phase_two
