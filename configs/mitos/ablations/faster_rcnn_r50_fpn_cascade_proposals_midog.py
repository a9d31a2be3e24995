# The proposal cascade in another two-stage detector (ours): Faster R-CNN's own RPN over all levels of its FPN becomes RPN_1; RPN_2 pools
# its boxes from four levels and slides a window of 64 px (boxes have 50) over the finest. Nothing else of the detector changes.
_base_ = [
    '../../_base_/models/faster_rcnn_r50_fpn.py', '../../_base_/datasets/midog.py', '../../_base_/schedules/sgd_50e.py',
    '../../_base_/default_runtime.py'
]
rpn_head = dict(
    type='CascadeProposalRPNHead',
    rpn1_maps=[0, 1, 2, 3, 4],
    rpn1=_base_.model.rpn_head,
    rpn2_maps=[0, 1, 2, 3],
    rpn2=dict(
        type='RefineRPNHead',
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(type='AnchorGenerator', scales=[16], ratios=[1.0], strides=[4]),
        roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=3, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32]),
        train_cfg=dict(windows=_base_.model.train_cfg.rpn, boxes=_base_.model.train_cfg.rpn)))
model = dict(
    _delete_=True, type='TiledDetector', detector=dict(_base_.model, rpn_head=rpn_head), tile_size=512, overlap=128)
