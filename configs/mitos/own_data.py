# The bundled model, trained further on labels of your own, laid out as docs/own_labels.md says: data/own with annotations_train.json,
# annotations_val.json, tiles of 256 px in tiles_train/, frames in images/. One class, as in the bundled model: hard negatives are
# background.
_base_ = [
    '../_base_/models/rtmdet_efficientnet_lite0.py', '../_base_/datasets/atypia14.py', '../_base_/schedules/adamw_50e.py',
    '../_base_/default_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128, batch_size=16)
load_from = 'mitos://rtmdet_efficientnet-lite0'
# A fifth of the rate and of the epochs of a training from scratch, since the weights know mitotic figures already (ours).
optim_wrapper = dict(optimizer=dict(lr=0.0001))
auto_scale_lr = dict(base_batch_size=8)
train_cfg = dict(max_epochs=10, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=1.0e-3, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=5.0e-6, begin=5, end=10, T_max=5, by_epoch=True, convert_to_iter_based=True)
]
data_root = 'data/own/'
# No stain normalisation, as the bundled model was trained.
resize = dict(type='ResizeToPixelSize', um_per_px=_base_.um_per_px)
train_pipeline = [
    _base_.load_frame, _base_.load_labels, _base_.labels_to_boxes, resize, _base_.mild_colours, _base_.flip, _base_.pack
]
test_pipeline = [_base_.load_frame, resize, _base_.pack_frame]
train_dataloader = dict(dataset=dict(data_root=data_root, hard_negatives='background', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(data_root=data_root, data_prefix=dict(img='images/'), hard_negatives='background', pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='7.5um')
test_evaluator = val_evaluator
