"""The proposal cascade: both RPNs count, whatever an image holds, alone or in a batch."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper

FIGURES = [[20., 30., 42., 52.], [100., 90., 121., 112.]]  # px, of the size of mitotic figures


def total(losses):
    return sum(sum(loss) if isinstance(loss, list) else loss for loss in losses.values())


def no_boxes(cascade):
    """A proposal config that lets nothing pass."""
    return deepcopy(cascade.test_cfg) | dict(min_bbox_size=10000)


def test_losses_of_both_rpns_by_name(cascade, maps, image_with):
    losses, proposals = cascade.loss_and_predict(maps, [image_with(FIGURES), image_with()], cascade.test_cfg)
    assert set(losses) == {'loss_rpn1_cls', 'loss_rpn1_bbox', 'loss_rpn2_window_cls', 'loss_rpn2_window_bbox', 'loss_rpn2_box_cls',
                           'loss_rpn2_box_bbox'}  # 'rpn' in each, or the detector would rename them
    assert torch.isfinite(total(losses)) and len(proposals) == 2


@pytest.mark.parametrize('own, other', [('rpn1', 'rpn2'), ('rpn2', 'rpn1')])
def test_each_rpn_learns_from_its_own_losses(cascade, maps, image_with, own, other):
    losses = cascade.loss(maps, [image_with(FIGURES), image_with(FIGURES)])
    total({name: loss for name, loss in losses.items() if own in name}).backward()
    assert all(weight.grad.abs().sum() > 0 for name, weight in getattr(cascade, own).named_parameters() if 'box_' not in name)
    assert all(weight.grad is None for weight in getattr(cascade, other).parameters())


@pytest.mark.parametrize('first, second, boxes', [
    (FIGURES, FIGURES, True),
    (FIGURES, [], True),  # a batch with and without objects
    ([], [], True),
    (FIGURES, [], False),  # RPN_1 lets nothing pass
    ([], [], False),
    ([[0., 0., 0., 0.]], [], True),  # a box without area
    ([[158., 0., 160., 9.]], [], True),  # a sliver at the border, which no window inside the image touches
])
def test_every_parameter_has_a_gradient(cascade, maps, image_with, first, second, boxes):
    # Or distributed training hangs.
    cfg = cascade.test_cfg if boxes else no_boxes(cascade)
    losses, proposals = cascade.loss_and_predict(maps, [image_with(first), image_with(second)], cfg)
    total(losses).backward()
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in cascade.parameters())
    assert all((len(found) > 0) == boxes for found in proposals)


@pytest.mark.parametrize('limit', [1, 0])
def test_one_proposal_and_none(cascade, maps, image_with, limit):
    cfg = deepcopy(cascade.test_cfg) | dict(max_per_img=1) if limit else no_boxes(cascade)
    losses, proposals = cascade.loss_and_predict(maps, [image_with(FIGURES), image_with()], cfg)
    assert torch.isfinite(total(losses))
    assert [len(boxes) for boxes in cascade(maps, [image_with().metainfo] * 2, cfg)[1]] == [limit, limit]  # RPN_1 lets as many pass
    for found in proposals:
        assert found.bboxes.shape == (limit, 4) and found.scores.shape == (limit, ) and found.labels.shape == (limit, )


def test_rpn1s_boxes_change_the_proposals(cascade, maps, image_with):
    metas = [image_with().metainfo] * 2
    _, boxes, windows, refined = cascade(maps, metas)
    with_boxes = cascade.rpn2.predict_by_feat(windows, refined, boxes, metas)
    none = [own[:0] for own in boxes]
    windows, refined = cascade.rpn2([maps[0]], none)
    without = cascade.rpn2.predict_by_feat(windows, refined, none, metas)
    for one, other in zip(with_boxes, without, strict=True):
        assert len(one) and len(other) and not torch.equal(one.bboxes, other.bboxes)


def quiet(cascade, window_score, box_score):
    """``cascade`` with weights of zero: both RPNs give their reference boxes as they are, all with these scores."""
    with torch.no_grad():
        for weight in cascade.parameters():
            weight.zero_()
        cascade.rpn2.rpn_cls.bias.fill_(window_score)
        cascade.rpn2.box_cls.bias.fill_(box_score)
    return cascade


def inside(boxes, margin=0):
    """Those of ``boxes`` that the image's border did not clip."""
    return boxes[((boxes > margin) & (boxes < 160 - margin)).all(dim=1)]


def test_rpn1s_boxes_are_refined(cascade, maps, image_with):
    quiet(cascade, window_score=-20., box_score=3.)
    with torch.no_grad():
        cascade.rpn2.box_reg.bias.copy_(torch.tensor([0.15, -0.15, 0., 0.]))
    boxes = inside(cascade(maps, [image_with().metainfo] * 2)[1][0], margin=5)
    moved = boxes + (boxes[:, 2] - boxes[:, 0])[:, None] * torch.tensor([0.15, -0.15, 0.15, -0.15])
    found = cascade.predict(maps, [image_with(), image_with()])[0]
    # All moved by 0.15 of their side, none left where RPN_1 had it, with RPN_2's score: only the second stage can do that.
    assert len(moved) > 10 and torch.allclose(bbox_overlaps(moved, found.bboxes).max(dim=1).values, torch.tensor(1.))
    assert bbox_overlaps(boxes, found.bboxes).max() < 0.9
    assert torch.allclose(found.scores[:len(moved)], torch.tensor(3.).sigmoid())


def test_windows_make_proposals_of_their_own(cascade, maps, image_with):
    quiet(cascade, window_score=3., box_score=-20.)
    cascade.rpn2.test_cfg.nms_pre = -1
    found = cascade.predict(maps, [image_with(), image_with()])[0]
    boxes = inside(found[found.scores > 0.5].bboxes)
    assert len(boxes) and torch.allclose(boxes[:, 2:] - boxes[:, :2], torch.tensor(64.))


@pytest.mark.parametrize('split_thr', [10000, 100])  # from this many boxes on, mmcv does one NMS a group
def test_no_two_proposals_overlap_by_more_than_the_threshold(cascade, maps, image_with, split_thr):
    # Windows of half their side lie where RPN_1's anchors of 32 px do: only an NMS over both takes them apart.
    quiet(cascade, window_score=2., box_score=3.)
    with torch.no_grad():
        cascade.rpn2.rpn_reg.bias[2:] = torch.tensor(0.5).log()
    cfg = deepcopy(cascade.test_cfg) | dict(nms_pre=-1, max_per_img=5000, nms=dict(type='nms', iou_threshold=0.7, split_thr=split_thr))
    for found in cascade.loss_and_predict(maps, [image_with(FIGURES), image_with()], cfg)[1]:
        overlaps = bbox_overlaps(found.bboxes, found.bboxes).fill_diagonal_(0)
        assert len(found) > 100 and overlaps.max() <= 0.7
        assert len(found.scores.unique()) == 2 and (found.scores.diff() <= 0).all()  # boxes and windows, best first


def test_an_image_alone_and_in_a_batch(cascade, maps, image_with):
    together = cascade.predict(maps, [image_with(), image_with()])
    for image, found in enumerate(together):
        alone = cascade.predict([level[image:image + 1] for level in maps], [image_with()])[0]
        torch.testing.assert_close(alone.bboxes, found.bboxes, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(alone.scores, found.scores, rtol=1e-4, atol=1e-5)


def test_a_padded_image_has_no_proposal_in_its_padding(cascade, maps, image_with):
    low, full = cascade.predict(maps, [image_with(height=100), image_with()])
    assert low.bboxes[:, 3].max() <= 100 < full.bboxes[:, 3].max()
    losses = cascade.loss(maps, [image_with(FIGURES[:1], height=100), image_with(FIGURES)])
    assert torch.isfinite(total(losses))


def test_rescaled_to_the_original(cascade, maps, image_with):
    shrunk = image_with()
    shrunk.set_metainfo(dict(scale_factor=(0.5, 0.25)))
    plain, rescaled = (cascade.predict(maps, [shrunk, image_with()], rescale=rescale)[0] for rescale in (False, True))
    assert rescaled.bboxes[:, 2].max() > 160 and rescaled.bboxes[:, 3].max() > 320 and plain.bboxes.max() <= 160


def test_in_half_precision(cascade, maps, image_with):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses, proposals = cascade.loss_and_predict(maps, [image_with(FIGURES), image_with()], cascade.test_cfg)
        first, boxes, windows, refined = cascade(maps, [image_with().metainfo] * 2)
    total(losses).backward()
    assert torch.isfinite(total(losses)) and all(torch.isfinite(weight.grad).all() for weight in cascade.parameters())
    # Coordinates and scores are float32: bfloat16 knows only every second px beyond 256.
    kept = [*boxes, *(tensor for pair in (first, windows, refined) for part in pair for tensor in part)]
    kept += [tensor for found in proposals for tensor in (found.bboxes, found.scores)]
    assert {tensor.dtype for tensor in kept} == {torch.float32}


def test_a_detector_with_it_trains_under_distributed_data_parallel(image_with, mmdet_scope, tmp_path):
    cfg = Config.fromfile(Path(__file__).parents[3] / 'configs/_base_/models/mitos_rcnn_vgg16_small.py')
    dist.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        model = MMDistributedDataParallel(MODELS.build(cfg.model))  # which raises where a parameter has no gradient
        optim = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.001))
        for boxes in ([], FIGURES, []):
            images = [torch.randint(0, 256, (3, 160, 160), dtype=torch.uint8) for _ in range(2)]
            logged = model.train_step(dict(inputs=images, data_samples=[image_with(boxes), image_with()]), optim)
            assert torch.isfinite(logged['loss'])
    finally:
        dist.destroy_process_group()


def test_two_builds_from_one_config(cascade_cfg, mmdet_scope):
    before = deepcopy(cascade_cfg)
    first, second = MODELS.build(cascade_cfg), MODELS.build(cascade_cfg)
    assert cascade_cfg == before and str(first) == str(second)
    assert list(first.state_dict()) == list(second.state_dict())
    first.rpn2.train_cfg.allowed_border = 7
    assert cascade_cfg == before and second.rpn2.train_cfg.allowed_border == 0


def test_save_and_load(cascade, maps, image_with, cascade_cfg, tmp_path):
    torch.save(cascade.state_dict(), tmp_path / 'cascade.pth')
    fresh = MODELS.build(cascade_cfg)
    fresh.load_state_dict(torch.load(tmp_path / 'cascade.pth', weights_only=True))
    for one, other in zip(cascade.predict(maps, [image_with()] * 2), fresh.predict(maps, [image_with()] * 2), strict=True):
        torch.testing.assert_close(one.bboxes, other.bboxes, rtol=0, atol=0)


def test_nothing_is_kept_between_calls(cascade, maps, image_with):
    before = cascade.predict(maps, [image_with(), image_with()])
    cascade.loss_and_predict([level.flip(-1) for level in maps], [image_with(FIGURES), image_with()], cascade.test_cfg)
    cascade.predict([level[:1, :, :, :10] for level in maps], [image_with()])
    after = cascade.predict(maps, [image_with(), image_with()])
    assert all(torch.equal(one.bboxes, other.bboxes) for one, other in zip(before, after, strict=True))
