# Cascade R-CNN's three stages on the same crops instead of one stage.
_base_ = [
    '../../_base_/models/cascade_rcnn_lite0_small.py', '../../_base_/datasets/crops_atypia14_ami_br.py',
    '../../_base_/schedules/adamw_2k.py', '../../_base_/iter_runtime.py'
]
model = dict(
    _delete_=True,
    type='TiledDetector',
    detector=dict(
        _base_.model,
        roi_head=dict(_base_.model.roi_head, bbox_head=[dict(head, num_classes=1) for head in _base_.model.roi_head.bbox_head])),
    tile_size=512,
    overlap=128)
train_dataloader = dict(batch_size=8)
custom_hooks = [dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0005, update_buffers=True)]
optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0))
