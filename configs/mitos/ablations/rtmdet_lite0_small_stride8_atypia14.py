# Predictions on the map of stride 8 alone: the head takes as many maps as its points have strides.
_base_ = '../small/rtmdet_lite0_small_atypia14.py'
model = dict(detector=dict(bbox_head=dict(anchor_generator=dict(strides=[8]))))
find_unused_parameters = True  # the neck's other maps get no gradient
