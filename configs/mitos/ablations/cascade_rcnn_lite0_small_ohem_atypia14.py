# Ablation of the paper: online hard example mining instead of random sampling (which the paper kept).
_base_ = '../small/cascade_rcnn_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        train_cfg=dict(
            rcnn=[dict(stage, sampler=dict(stage['sampler'], type='OHEMSampler')) for stage in _base_.model.detector.train_cfg.rcnn])))
