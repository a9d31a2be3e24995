# Ablation of the paper: online hard example mining instead of random sampling (which the paper kept).
_base_ = '../small/cascade_rcnn_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        train_cfg=dict(
            rcnn=[
                dict(
                    stage,
                    sampler=dict(type='OHEMSampler', num=64, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True))
                for stage in _base_.model.detector.train_cfg.rcnn
            ])))
