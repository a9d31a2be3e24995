"""RPN_2: a box is seen as a window is, and windows and boxes learn apart."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.config import Config
from mmengine.structures import InstanceData

CONFIG = Path(__file__).parents[3] / 'configs/_base_/models/mitos_rcnn_vgg16.py'


def test_a_box_of_three_by_three_cells_is_scored_as_the_window_there(cascade, maps):
    rpn2 = cascade.rpn2
    with torch.no_grad():  # the same outputs for both, so that only what lies below them can differ
        for box, window in ((rpn2.box_cls, rpn2.rpn_cls), (rpn2.box_reg, rpn2.rpn_reg)):
            box.load_state_dict(window.state_dict())
    cells = [(5, 7), (20, 11)]  # column and row of the middle cell, on the second image
    boxes = torch.tensor([[4. * (x - 1), 4. * (y - 1), 4. * (x + 2), 4. * (y + 2)] for x, y in cells])
    (scores, deltas), (box_scores, box_deltas) = rpn2([maps[0]], [boxes[:0], boxes])
    for box, (x, y) in enumerate(cells):
        torch.testing.assert_close(box_scores[1][box], scores[0][1, :, y, x])
        torch.testing.assert_close(box_deltas[1][box], deltas[0][1, :, y, x])
    assert box_scores[0].shape == (0, 1) and box_deltas[0].shape == (0, 4)


def window_positives(boxes, window, min_pos_iou=None):
    """How many windows of a 299 px image each of ``boxes`` has as positives, by the rules of the published config."""
    rpn2 = Config.fromfile(CONFIG).model.rpn_head.rpn2
    rules = rpn2.train_cfg.windows.assigner
    if min_pos_iou is not None:
        rules.min_pos_iou = min_pos_iou
    rpn2.anchor_generator.scales = [window / 4]
    windows = TASK_UTILS.build(rpn2.anchor_generator).grid_priors([(74, 74)], device='cpu')[0]
    truth = InstanceData(bboxes=torch.tensor(boxes), labels=torch.zeros(len(boxes), dtype=torch.long))
    assigned = TASK_UTILS.build(rules).assign(InstanceData(priors=windows), truth).gt_inds
    return [int((assigned == number).sum()) for number in range(1, len(boxes) + 1)]


# Boxes of 30 px of a Hamamatsu frame in a sixteenth of 299 px: in the middle, in a corner, half cut off by the border, whole near it.
FIGURES = [[139.3, 140.1, 160.9, 164.3], [0., 0., 21.6, 24.2], [288.2, 200., 299., 224.2], [30., 274., 51.6, 298.2]]


@pytest.mark.parametrize('window, least, most', [
    (64, 50, 130),  # all windows that hold the figure whole, (64 - 21.6) / 4 by (64 - 24.2) / 4 of them: their overlap is the same
    (32, 2, 16),
])
def test_every_figure_has_positive_windows(mmdet_scope, window, least, most):
    assert all(least <= count <= most for count in window_positives(FIGURES, window))


def test_without_the_rule_of_the_best_window_no_window_of_64_px_is_positive(mmdet_scope):
    assert window_positives(FIGURES, 64, min_pos_iou=0.3) == [0, 0, 0, 0]  # mmdet's usual


def test_a_box_that_no_window_overlaps_does_not_make_all_windows_positive(mmdet_scope):
    assert window_positives([[100., 100., 100., 100.]], 64) == [0]
    assert window_positives([[100., 100., 100., 100.]], 64, min_pos_iou=0) == [74 * 74]  # why it is not 0


def loss_of(rpn2, maps, boxes, truth, meta):
    windows, refined = rpn2([maps[0][:1]], [boxes])
    return rpn2.loss_by_feat(windows, refined, [boxes], [truth], [meta], [None])


def test_windows_learn_beside_perfect_boxes(cascade, maps, image_with):
    # One assignment over both would give each object to RPN_1's box, and windows would have none.
    image = image_with([[50., 60., 72., 84.]])
    losses = loss_of(cascade.rpn2, maps, image.gt_instances.bboxes, image.gt_instances, image.metainfo)
    assert sum(losses['loss_rpn2_window_bbox']) > 0
    assert losses['loss_rpn2_box_bbox'] > 0  # the box as well: the weights move it off the object


def test_losses_of_boxes_by_hand(cascade, maps, image_with):
    # Zero weights: every score is 1/2, no box moves.
    for weight in cascade.parameters():
        torch.nn.init.zeros_(weight)
    image = image_with([[40., 40., 60., 60.]])
    # Positive (IoU 0.82: a tenth of its side to the left), negative, and neither (IoU 0.5).
    boxes = torch.tensor([[42., 40., 62., 60.], [100., 100., 120., 120.], [40., 40., 60., 80.]])
    losses = loss_of(cascade.rpn2, maps, boxes, image.gt_instances, image.metainfo)
    assert losses['loss_rpn2_box_cls'].item() == pytest.approx(torch.tensor(2.).log().item())
    beta = cascade.rpn2.loss_bbox.beta
    assert losses['loss_rpn2_box_bbox'].item() == pytest.approx(0.5 * 0.1**2 / beta / 2)  # over two sampled boxes


def test_ignored_boxes_are_no_negatives(cascade_cfg, maps, image_with, mmdet_scope):
    cascade_cfg.rpn2.train_cfg.boxes.assigner.ignore_iof_thr = 0.5
    rpn2 = MODELS.build(cascade_cfg).rpn2
    image = image_with([[100., 100., 120., 120.]])
    ignored = InstanceData(bboxes=torch.tensor([[10., 10., 40., 40.]]))
    boxes = torch.tensor([[12., 12., 30., 30.]])
    for weight in rpn2.parameters():
        torch.nn.init.zeros_(weight)
    windows, refined = rpn2([maps[0][:1]], [boxes])
    cls = [rpn2.loss_by_feat(windows, refined, [boxes], [image.gt_instances], [image.metainfo], [given])['loss_rpn2_box_cls'].item()
           for given in (ignored, None)]
    assert cls[0] == 0 and cls[1] > 0


def test_softmax_scores(cascade_cfg, maps, image_with, mmdet_scope):
    cascade_cfg.rpn2.loss_cls = dict(type='CrossEntropyLoss', use_sigmoid=False)
    cascade = MODELS.build(cascade_cfg)
    losses, proposals = cascade.loss_and_predict(maps, [image_with([[50., 60., 72., 84.]]), image_with()], cascade.test_cfg)
    assert torch.isfinite(losses['loss_rpn2_box_cls']) and all(0 <= found.scores.min() <= found.scores.max() <= 1 for found in proposals)


@pytest.mark.parametrize('name, value', [('num_convs', 2), ('reg_decoded_bbox', True)])
def test_what_boxes_cannot_follow_is_refused(cascade_cfg, mmdet_scope, name, value):
    cascade_cfg.rpn2[name] = value
    with pytest.raises(ValueError, match=f'{name}={value}'):
        MODELS.build(cascade_cfg)


@pytest.mark.parametrize('part', ['windows', 'boxes'])
@pytest.mark.parametrize('setting', [True, None])
def test_objects_cannot_be_proposals(cascade_cfg, mmdet_scope, part, setting):
    # An object has no score of RPN_2: its index would be another box's. mmdet's samplers add them unless told otherwise.
    sampler = cascade_cfg.rpn2.train_cfg[part].sampler
    sampler.pop('add_gt_as_proposals')
    if setting is not None:
        sampler.add_gt_as_proposals = setting
    with pytest.raises(ValueError, match=f'{part}.*add_gt_as_proposals=False'):
        MODELS.build(cascade_cfg)
