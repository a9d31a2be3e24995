# Ablation of the paper: online hard example mining instead of random sampling (which the paper kept).
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(
        train_cfg=dict(
            rcnn=[
                dict(
                    stage,
                    sampler=dict(type='OHEMSampler', num=512, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True))
                for stage in _base_.model.detector.train_cfg.rcnn
            ])))
