# Ablation of the paper: IoU-balanced sampling of negatives instead of random sampling (which the paper kept).
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(
        train_cfg=dict(
            rcnn=[
                dict(
                    stage,
                    sampler=dict(
                        type='CombinedSampler',
                        num=512,
                        pos_fraction=0.25,
                        add_gt_as_proposals=True,
                        pos_sampler=dict(type='InstanceBalancedPosSampler'),
                        neg_sampler=dict(type='IoUBalancedNegSampler', floor_thr=-1, floor_fraction=0, num_bins=3)))
                for stage in _base_.model.detector.train_cfg.rcnn
            ])))
