# Ablation of the paper: focal loss. Put where the imbalance is, on the RPN's anchors (ours: the paper does not say where).
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(
        rpn_head=dict(
            loss_cls=dict(_delete_=True, type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0)),
        # Focal loss weighs every anchor, so none is sampled away.
        train_cfg=dict(rpn=dict(sampler=dict(_delete_=True, type='PseudoSampler')))))
