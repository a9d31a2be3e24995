# A tenth of the learning rate for the backbone (whose norms then decay as other weights do: mmengine takes the first rule that fits).
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}))
