# Phase one of the two-phase detector that Mask R-CNN is compared with (docs/paper_deviations.md lists what differs from the paper).
_base_ = [
    '../_base_/models/two_phase_fcn_vgg16.py', '../_base_/datasets/mask_tupac16.py', '../_base_/schedules/adam_100e.py',
    '../_base_/default_runtime.py'
]
model = dict(type='TiledDetector', detector=_base_.phase_one, tile_size=512, overlap=128)
# Ours: the paper gives batch and optimiser of phase two alone.
train_dataloader = dict(batch_size=4, sampler=dict(type='DefaultSampler'))
auto_scale_lr = dict(base_batch_size=4)
