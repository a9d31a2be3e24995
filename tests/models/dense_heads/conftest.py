"""A small proposal cascade on two maps, of stride 4 and 8, and what it is fed."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

SIZE = 160  # px


def rules(min_pos_iou):
    return dict(
        assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=min_pos_iou),
        sampler=dict(type='RandomSampler', num=64, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False),
        allowed_border=0,
        pos_weight=-1)


@pytest.fixture
def cascade_cfg():
    """Config of the cascade as a detector would hand it over: RPN_1 with anchors of 16 and 32 px, windows of 64 px."""
    return ConfigDict(
        type='CascadeProposalRPNHead',
        rpn1=dict(type='RPNHead', in_channels=6, feat_channels=8,
                  anchor_generator=dict(type='AnchorGenerator', scales=[2, 4], ratios=[1.0], strides=[8])),
        rpn2=dict(
            type='RefineRPNHead',
            in_channels=4,
            feat_channels=8,
            anchor_generator=dict(type='AnchorGenerator', scales=[16], ratios=[1.0], strides=[4]),
            roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=3, sampling_ratio=1),
                               out_channels=4, featmap_strides=[4]),
            train_cfg=dict(windows=rules(0.001), boxes=rules(0.3))),
        rpn1_maps=[1],
        rpn2_maps=[0],
        train_cfg=rules(0.3),
        test_cfg=dict(nms_pre=300, nms=dict(type='nms', iou_threshold=0.7), max_per_img=50, min_bbox_size=0))


@pytest.fixture
def cascade(cascade_cfg, mmdet_scope):
    """The cascade with weights that make its scores and boxes differ from place to place."""
    torch.manual_seed(0)
    cascade = MODELS.build(cascade_cfg)
    with torch.no_grad():
        for weight in cascade.parameters():
            weight.normal_(std=0.3)
    return cascade


@pytest.fixture
def maps():
    """Feature maps of two images, in mmdet's order: the RoI head's first."""
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(2, channels, SIZE // stride, SIZE // stride, generator=generator) for channels, stride in ((4, 4), (6, 8))]


@pytest.fixture
def image_with():
    """``image_with([[x1, y1, x2, y2], ...], height=SIZE)``: one image's truth."""
    def make(boxes=(), height=SIZE):
        truth = InstanceData(bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
                             labels=torch.zeros(len(boxes), dtype=torch.long))
        metainfo = dict(img_shape=(height, SIZE), pad_shape=(height, SIZE), scale_factor=(1.0, 1.0))
        return DetDataSample(metainfo=metainfo, gt_instances=truth)
    return make
