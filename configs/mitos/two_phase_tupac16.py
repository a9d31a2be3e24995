# Both phases joined, for mitos test: no checkpoint needs to be named, each phase brings its training's best one.
_base_ = [
    '../_base_/models/two_phase_fcn_vgg16.py', '../_base_/models/two_phase_resnet101.py', '../_base_/datasets/mask_tupac16.py',
    '../_base_/default_runtime.py'
]
model = dict(
    type='TwoPhaseDetector',
    phase_one=dict(type='TiledDetector', detector=_base_.phase_one, tile_size=512, overlap=128),
    phase_two=_base_.phase_two,
    patch_size=96,
    phase_one_checkpoint='work_dirs/two_phase_fcn_vgg16_tupac16',
    phase_two_checkpoint='work_dirs/two_phase_resnet101_tupac16')
train_dataloader = None  # each phase is trained by its own config
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
