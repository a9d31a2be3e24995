# Ablation of the paper: focal loss. Put where the imbalance is, on the RPN's anchors (ours: the paper does not say where).
_base_ = '../cascade_rcnn_midog.py'
model = dict(
    detector=dict(
        rpn_head=dict(
            loss_cls=dict(_delete_=True, type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
            # RetinaNet's prior: anchors start as objects with a probability of 0.01, else the first loss is in the hundreds.
            init_cfg=dict(
                type='Normal', layer='Conv2d', std=0.01, override=dict(type='Normal', name='rpn_cls', std=0.01, bias_prob=0.01))),
        # Focal loss weighs every anchor, so none is sampled away.
        train_cfg=dict(rpn=dict(sampler=dict(_delete_=True, type='PseudoSampler')))))
