# The runtime of a training that counts iterations instead of epochs: list it in place of default_runtime.py.
_base_ = './default_runtime.py'
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
