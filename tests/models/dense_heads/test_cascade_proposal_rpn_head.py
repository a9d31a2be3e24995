"""The proposal cascade: both RPNs count, whatever an image holds, alone or in a batch."""

from copy import deepcopy

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps

FIGURES = [[20., 30., 42., 52.], [100., 90., 121., 112.]]  # px, of the size of mitotic figures


def total(losses):
    return sum(sum(loss) if isinstance(loss, list) else loss for loss in losses.values())


def no_boxes(cfg):
    """A proposal config that lets nothing pass."""
    return deepcopy(cfg) | dict(min_bbox_size=10000)


def test_losses_of_both_rpns_by_name(head, maps, sample):
    losses, proposals = head.loss_and_predict(maps, [sample(FIGURES), sample()], head.test_cfg)
    assert set(losses) == {'loss_rpn1_cls', 'loss_rpn1_bbox', 'loss_rpn2_window_cls', 'loss_rpn2_window_bbox', 'loss_rpn2_box_cls',
                           'loss_rpn2_box_bbox'}  # 'rpn' in each, or the detector would rename them
    assert torch.isfinite(total(losses)) and len(proposals) == 2


@pytest.mark.parametrize('own, other', [('rpn1', 'rpn2'), ('rpn2', 'rpn1')])
def test_each_rpn_learns_from_its_own_losses(head, maps, sample, own, other):
    losses = head.loss(maps, [sample(FIGURES), sample(FIGURES)])
    total({name: loss for name, loss in losses.items() if own in name}).backward()
    assert all(weight.grad.abs().sum() > 0 for name, weight in getattr(head, own).named_parameters() if 'box_' not in name)
    assert all(weight.grad is None for weight in getattr(head, other).parameters())


@pytest.mark.parametrize('first, second, boxes', [
    (FIGURES, FIGURES, True),
    (FIGURES, [], True),  # a batch with and without objects
    ([], [], True),
    (FIGURES, [], False),  # RPN_1 lets nothing pass
    ([], [], False),
    ([[0., 0., 0., 0.]], [], True),  # a box without area
    ([[158., 0., 160., 9.]], [], True),  # a sliver at the border, which no window inside the image touches
])
def test_every_parameter_has_a_gradient(head, maps, sample, first, second, boxes):
    # Or distributed training hangs.
    losses, proposals = head.loss_and_predict(maps, [sample(first), sample(second)], head.test_cfg if boxes else no_boxes(head.test_cfg))
    total(losses).backward()
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in head.parameters())
    assert all((len(found) > 0) == boxes for found in proposals)


@pytest.mark.parametrize('limit', [1, 0])
def test_one_proposal_and_none(head, maps, sample, limit):
    cfg = deepcopy(head.test_cfg) | dict(max_per_img=1) if limit else no_boxes(head.test_cfg)
    losses, proposals = head.loss_and_predict(maps, [sample(FIGURES), sample()], cfg)
    assert torch.isfinite(total(losses))
    for found in proposals:
        assert found.bboxes.shape == (limit, 4) and found.scores.shape == (limit, ) and found.labels.shape == (limit, )


def test_rpn1s_boxes_change_the_proposals(head, maps, sample):
    metas = [sample().metainfo] * 2
    _, boxes, windows, refined = head(maps, metas)
    with_boxes = head.rpn2.predict_by_feat(windows, refined, boxes, metas)
    none = [own[:0] for own in boxes]
    windows, refined = head.rpn2([maps[0]], none)
    without = head.rpn2.predict_by_feat(windows, refined, none, metas)
    for one, other in zip(with_boxes, without, strict=True):
        assert len(one) and len(other) and not torch.equal(one.bboxes, other.bboxes)


def quiet(head, window_score, box_score):
    """``head`` with weights of zero: both RPNs give their reference boxes as they are, all with these scores."""
    with torch.no_grad():
        for weight in head.parameters():
            weight.zero_()
        head.rpn2.rpn_cls.bias.fill_(window_score)
        head.rpn2.box_cls.bias.fill_(box_score)
    return head


def inside(boxes, margin=0):
    """Those of ``boxes`` that the image's border did not clip."""
    return boxes[((boxes > margin) & (boxes < 160 - margin)).all(dim=1)]


def test_rpn1s_boxes_are_refined(head, maps, sample):
    quiet(head, window_score=-20., box_score=3.)
    with torch.no_grad():
        head.rpn2.box_reg.bias.copy_(torch.tensor([0.15, -0.15, 0., 0.]))
    boxes = inside(head(maps, [sample().metainfo] * 2)[1][0], margin=5)
    moved = boxes + (boxes[:, 2] - boxes[:, 0])[:, None] * torch.tensor([0.15, -0.15, 0.15, -0.15])
    found = head.predict(maps, [sample(), sample()])[0]
    # All moved by 0.15 of their side, none left where RPN_1 had it, with RPN_2's score: only the second stage can do that.
    assert len(moved) > 10 and torch.allclose(bbox_overlaps(moved, found.bboxes).max(dim=1).values, torch.tensor(1.))
    assert bbox_overlaps(boxes, found.bboxes).max() < 0.9
    assert torch.allclose(found.scores[:len(moved)], torch.tensor(3.).sigmoid())


def test_windows_make_proposals_of_their_own(head, maps, sample):
    quiet(head, window_score=3., box_score=-20.)
    head.rpn2.test_cfg.nms_pre = -1
    found = head.predict(maps, [sample(), sample()])[0]
    boxes = inside(found[found.scores > 0.5].bboxes)
    assert len(boxes) and torch.allclose(boxes[:, 2:] - boxes[:, :2], torch.tensor(64.))


@pytest.mark.parametrize('split_thr', [10000, 100])  # from this many boxes on, mmcv does one NMS a group
def test_no_two_proposals_overlap_by_more_than_the_threshold(head, maps, sample, split_thr):
    cfg = deepcopy(head.test_cfg) | dict(max_per_img=1000, nms=dict(type='nms', iou_threshold=0.7, split_thr=split_thr))
    for found in head.loss_and_predict(maps, [sample(FIGURES), sample()], cfg)[1]:
        overlaps = bbox_overlaps(found.bboxes, found.bboxes).fill_diagonal_(0)
        assert len(found) > 20 and overlaps.max() <= 0.7
        assert (found.scores.diff() <= 0).all()


def test_an_image_alone_and_in_a_batch(head, maps, sample):
    together = head.predict(maps, [sample(), sample()])
    for image, found in enumerate(together):
        alone = head.predict([level[image:image + 1] for level in maps], [sample()])[0]
        torch.testing.assert_close(alone.bboxes, found.bboxes, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(alone.scores, found.scores, rtol=1e-4, atol=1e-5)


def test_a_padded_image_has_no_proposal_in_its_padding(head, maps, sample):
    low, full = head.predict(maps, [sample(height=100), sample()])
    assert low.bboxes[:, 3].max() <= 100 < full.bboxes[:, 3].max()
    losses = head.loss(maps, [sample(FIGURES[:1], height=100), sample(FIGURES)])
    assert torch.isfinite(total(losses))


def test_rescaled_to_the_original(head, maps, sample):
    shrunk = sample()
    shrunk.set_metainfo(dict(scale_factor=(0.5, 0.25)))
    plain, rescaled = (head.predict(maps, [shrunk, sample()], rescale=rescale)[0] for rescale in (False, True))
    assert rescaled.bboxes[:, 2].max() > 160 and rescaled.bboxes[:, 3].max() > 320 and plain.bboxes.max() <= 160


def test_in_half_precision(head, maps, sample):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses, proposals = head.loss_and_predict(maps, [sample(FIGURES), sample()], head.test_cfg)
    total(losses).backward()
    assert torch.isfinite(total(losses)) and all(torch.isfinite(weight.grad).all() for weight in head.parameters())
    # Coordinates keep their precision: bfloat16 would know only even px beyond 256, multiples of 1/2 beyond 64.
    assert all(found.bboxes.dtype == torch.float32 and (found.bboxes * 2 % 1 > 0).any() for found in proposals)


def test_two_builds_from_one_config(cfg, mmdet_scope):
    before = deepcopy(cfg)
    first, second = MODELS.build(cfg), MODELS.build(cfg)
    assert cfg == before and str(first) == str(second)
    assert list(first.state_dict()) == list(second.state_dict())


def test_save_and_load(head, maps, sample, cfg, tmp_path):
    torch.save(head.state_dict(), tmp_path / 'head.pth')
    fresh = MODELS.build(cfg)
    fresh.load_state_dict(torch.load(tmp_path / 'head.pth', weights_only=True))
    for one, other in zip(head.predict(maps, [sample()] * 2), fresh.predict(maps, [sample()] * 2), strict=True):
        torch.testing.assert_close(one.bboxes, other.bboxes, rtol=0, atol=0)


def test_nothing_is_kept_between_calls(head, maps, sample):
    before = head.predict(maps, [sample(), sample()])
    head.loss_and_predict([level.flip(-1) for level in maps], [sample(FIGURES), sample()], head.test_cfg)
    head.predict([level[:1, :, :, :10] for level in maps], [sample()])
    after = head.predict(maps, [sample(), sample()])
    assert all(torch.equal(one.bboxes, other.bboxes) for one, other in zip(before, after, strict=True))
