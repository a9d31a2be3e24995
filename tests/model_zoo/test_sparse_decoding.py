"""Decoding only what reaches the floor gives what mmdet's whole post-processing gives from the floor on."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

import mitos_mmdet.register  # noqa: F401

TEST_CFG = dict(nms_pre=1000, min_bbox_size=0, score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=1000)
HEADS = dict(
    rtmdet=dict(type='RTMDetSepBNHead', num_classes=2, in_channels=8, feat_channels=8, exp_on_reg=True, with_objectness=False,
                anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16]),
                bbox_coder=dict(type='DistancePointBBoxCoder')),
    several_anchors=dict(type='RetinaHead', num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1,
                         anchor_generator=dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=2, ratios=[0.5, 1.0],
                                               strides=[8, 16])),
    score_factors=dict(type='FCOSHead', num_classes=1, in_channels=8, feat_channels=8, stacked_convs=1, strides=[8, 16],
                       regress_ranges=((-1, 64), (64, 1e8)), norm_cfg=dict(type='BN')),
    post_processing_of_its_own=dict(type='GFLHead', num_classes=2, in_channels=8, feat_channels=8, stacked_convs=1, reg_max=4,
                                    norm_cfg=dict(type='BN'),
                                    anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=8, scales_per_octave=1,
                                                          strides=[8, 16])))


def build(name, **changes):
    from mmdet.registry import MODELS
    from mmengine.config import ConfigDict

    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        return MODELS.build(ConfigDict(**{**HEADS[name], **changes}, test_cfg=TEST_CFG)).eval()


def maps_of(head):
    """The head's outputs for a tile of 96 x 64 px: logits spread widely, boxes as the head gives them."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        logits, *others = head([torch.randn(1, 8, height, 64 // (96 // height), generator=generator) for height in (12, 6)])
        return [3 * torch.randn(level.shape, generator=generator) - 3 for level in logits], *map(list, others)


@pytest.mark.parametrize('name', HEADS)
@pytest.mark.parametrize('floor', [0.0, 0.05, 0.4])
def test_the_same_detections_from_the_floor_on(name, floor):
    from mitos_mmdet.model_zoo.networks.sparse_decoding import SparseDecoder
    from mitos_mmdet.model_zoo.tile_detections import TileDetections

    head = build(name)
    maps = maps_of(head)
    info = dict(img_shape=(90, 64), ori_shape=(90, 64), scale_factor=(1.0, 1.0))
    whole = TileDetections.of(head.predict_by_feat(*maps, batch_img_metas=[info], rescale=False)[0])
    decode = SparseDecoder(head)
    found = decode([[level.numpy() for level in levels] for levels in maps], (90, 64), (96, 64), floor)
    for part in ('boxes', 'scores', 'labels'):
        wanted, got = (getattr(one, part)[one.scores >= floor] for one in (whole, found))
        assert len(wanted) > 5 and wanted.shape == got.shape and np.allclose(wanted, got, atol=1e-5)
    # The floor does leave work undone, where the head allows that.
    assert floor < 0.4 or (len(found) < len(whole)) == (name != 'post_processing_of_its_own')


@pytest.mark.parametrize('floor', [0.99999, 1.0])
def test_nothing_reaches_the_floor(floor):
    from mitos_mmdet.model_zoo.networks.sparse_decoding import SparseDecoder

    head = build('rtmdet')
    found = SparseDecoder(head)([[level.numpy() for level in levels] for levels in maps_of(head)], (96, 64), (96, 64), floor)
    assert found.boxes.shape == (0, 4) and found.scores.shape == found.labels.shape == (0, )


def test_another_size_of_tile_gets_its_own_priors():
    from mitos_mmdet.model_zoo.networks.sparse_decoding import SparseDecoder

    head = build('rtmdet')
    decode, maps = SparseDecoder(head), [[level.numpy() for level in levels] for levels in maps_of(head)]
    turned = [[level.swapaxes(2, 3) for level in levels] for levels in maps]
    first = decode(maps, (96, 64), (96, 64))
    for boxes, size in ((turned, (64, 96)), (maps, (96, 64))):
        found = decode(boxes, size, size)
        assert np.array_equal(found.scores, SparseDecoder(head)(boxes, size, size).scores)
    assert np.array_equal(found.boxes, first.boxes)


@pytest.mark.parametrize('exp_on_reg', [False, True])
@pytest.mark.parametrize(('height', 'width'), [(9, 7), (1, 1), (2, 3)])
def test_box_branch_equals_the_whole_maps(exp_on_reg, height, width):
    from mitos_mmdet.model_zoo.networks.box_branch import BoxBranch

    head = build('rtmdet', exp_on_reg=exp_on_reg, stacked_convs=3)
    for norm in (module for module in head.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        for values in (norm.weight, norm.bias, norm.running_mean):
            torch.nn.init.normal_(values, 0.3)
    features = torch.randn(1, 8, height, width)
    branch = BoxBranch(head)
    with torch.no_grad():
        _, boxes = head([features, features])
        every = np.arange(height * width)
        for places in (every, every[:1], every[-1:], every[::4]):
            for level in (0, 1):
                found = branch(level, features[0].permute(1, 2, 0).numpy(), places)
                assert torch.allclose(found, boxes[level][0].flatten(1)[:, places], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('changes', [dict(use_depthwise=True, share_conv=False), dict(with_objectness=True), dict(pred_kernel_size=3),
                                     dict(norm_cfg=dict(type='GN', num_groups=2))])
def test_box_branch_knows_which_heads_it_fits(changes):
    from mitos_mmdet.model_zoo.networks.box_branch import BoxBranch

    assert BoxBranch.fits(build('rtmdet')) and not BoxBranch.fits(build('rtmdet', **changes))
    assert not BoxBranch.fits(build('several_anchors'))
