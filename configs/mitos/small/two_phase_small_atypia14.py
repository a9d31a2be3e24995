# Both small phases joined, for mitos test.
_base_ = [
    '../../_base_/models/two_phase_fcn_vgg16_small.py', '../../_base_/models/two_phase_resnet18_small.py',
    '../../_base_/datasets/mask_atypia14_small.py', '../../_base_/default_runtime.py'
]
model = dict(
    type='TwoPhaseDetector',
    phase_one=dict(type='TiledDetector', detector=_base_.phase_one, tile_size=512, overlap=128),
    phase_two=_base_.phase_two,
    patch_size=96,
    phase_one_checkpoint='work_dirs/two_phase_fcn_vgg16_small_atypia14',
    phase_two_checkpoint='work_dirs/two_phase_resnet18_small_atypia14')
train_dataloader = None  # each phase is trained by its own config
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
