# own_data.py with hard negatives as a second class, so that they are detected, too. The bundled model has one class: this starts from
# ImageNet's weights instead, at adamw_50e.py's epochs and, for a batch of 8, half of its rate (ours).
_base_ = './own_data.py'
model = dict(detector=dict(bbox_head=dict(num_classes=2)))
load_from = None
optim_wrapper = dict(optimizer=dict(lr=0.00025))
train_cfg = dict(max_epochs=50, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0e-3, by_epoch=False, begin=0, end=500),
    dict(type='CosineAnnealingLR', eta_min=1.25e-5, begin=25, end=50, T_max=25, by_epoch=True, convert_to_iter_based=True)
]
train_dataloader = dict(dataset=dict(hard_negatives='class'))
val_dataloader = dict(dataset=dict(hard_negatives='class'))
test_dataloader = val_dataloader
