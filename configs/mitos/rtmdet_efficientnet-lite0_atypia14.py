# The first training of the recommended detector; rtmdet_efficientnet-lite0_averaged_atypia14.py continues it (docs/model_card.md).
_base_ = [
    '../_base_/models/rtmdet_efficientnet_lite0.py', '../_base_/datasets/crops_atypia14_ami_br.py', '../_base_/schedules/adamw_short.py',
    '../_base_/iter_runtime.py'
]
model = dict(_delete_=True, type='TiledDetector', detector=_base_.model, tile_size=512, overlap=128, batch_size=16)
custom_hooks = [dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0005, update_buffers=True)]
