# Ablation of the paper: online hard example mining instead of random sampling (which the paper kept).
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(
        train_cfg=dict(
            rcnn=[
                dict(
                    assigner=dict(
                        type='MaxIoUAssigner',
                        pos_iou_thr=iou,
                        neg_iou_thr=iou,
                        min_pos_iou=iou,
                        match_low_quality=False,
                        ignore_iof_thr=-1),
                    sampler=dict(type='OHEMSampler', num=512, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True),
                    pos_weight=-1,
                    debug=False) for iou in [0.5, 0.6, 0.7]
            ])))
