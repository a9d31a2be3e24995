from copy import deepcopy

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks, PolygonMasks
from mmengine.structures import InstanceData

from mitos_mmdet.models.dense_heads.candidate_head import CandidateHead

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CONFIG = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(type='DetDataPreprocessor', mean=[127.0] * 3, std=[50.0] * 3, pad_size_divisor=32, pad_mask=True),
    backbone=dict(type='VGG16', channels=(2, 2, 4, 4, 4), out_layers=('conv3_3', 'conv4_3', 'conv5_3'), norm_cfg=dict(type='BN')),
    neck=dict(type='FullyConvNeck', in_channels=4, channels=4, kernel_size=3, dropout=0.0),
    bbox_head=dict(type='CandidateHead', in_channels=(4, 4, 4)),
    test_cfg=dict(threshold=0.5))


def instances(*boxes, labels=None, **more):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long) if labels is None else torch.tensor(labels), **more)


def sample(truth=None, shape=(64, 96), **metainfo):
    return DetDataSample(metainfo=dict(dict(img_shape=shape, ori_shape=shape, batch_input_shape=(64, 96), scale_factor=(1.0, 1.0)),
                                       **metainfo), gt_instances=truth if truth is not None else instances())


class Fixed(CandidateHead):
    """A head whose logits are given, in place of maps."""

    def forward(self, maps):
        return maps


def logits(*regions, shape=(64, 96), value=8.0):
    """``(1, 1, H, W)``: ``value`` in ``(x1, y1, x2, y2)``, minus it elsewhere."""
    logits = torch.full((1, 1, *shape), -value)
    for x1, y1, x2, y2 in regions:
        logits[..., y1:y2, x1:x2] = value
    return logits


@pytest.fixture
def head(mmdet_scope):
    return Fixed((4, 4, 4), disc_radius=5, test_cfg=dict(threshold=0.5))


def test_target_is_a_disc_around_each_centre(head):
    target = head.target(instances([20, 10, 40, 30], [70, 40, 90, 60]), 64, 96)
    rows, columns = np.nonzero(target.numpy())
    assert target.unique().tolist() == [0, 1]
    assert target.sum().item() == pytest.approx(2 * np.pi * 25, rel=0.05)
    near = np.minimum(np.hypot(columns + 0.5 - 30, rows + 0.5 - 20), np.hypot(columns + 0.5 - 80, rows + 0.5 - 50))
    assert near.max() <= 5


@pytest.mark.parametrize(('boxes', 'labels', 'pixels'), [
    ([], [], 0),  # no figure
    ([[20, 10, 40, 30]], [1], 0),  # a hard negative alone: background
    ([[20, 10, 40, 30], [20, 10, 40, 30]], [0, 0], 80),  # two in one place count once
    ([[20, 10, 40, 30], [60, 10, 80, 30]], [1, 0], 80),  # only the figure of the two
    ([[-10, -10, 10, 10]], [0], 20),  # a centre in the corner: a quarter of a disc
])
def test_what_counts_as_figure(head, boxes, labels, pixels):
    target = head.target(instances(*boxes, labels=labels), 64, 96)
    assert target.shape == (64, 96) and target.sum().item() == pytest.approx(pixels, abs=4)


@pytest.mark.parametrize('kind', ['bitmap', 'polygon'])
def test_masks_come_before_discs(head, kind):
    square = np.zeros((1, 64, 96), np.uint8)
    square[0, 8:18, 30:50] = 1
    masks = BitmapMasks(square, 64, 96) if kind == 'bitmap' else PolygonMasks([[np.array([30., 8, 50, 8, 50, 18, 30, 18])]], 64, 96)
    target = head.target(instances([30, 8, 50, 18], masks=masks), 64, 96)
    assert np.array_equal(target.numpy(), square[0])
    # One of label 1 beside it is background; padded masks are cut to the image.
    both = instances([30, 8, 50, 18], [60, 8, 80, 18], labels=[1, 0], masks=type(masks).cat([masks, masks]))
    assert head.target(both, 10, 96).sum() == 2 * 20


def test_loss_leaves_out_what_pads_the_image(head):
    truth = instances([20, 10, 40, 30])
    right = logits((25, 15, 35, 25))
    wrong_outside = right.clone()
    wrong_outside[..., 40:, :] = 8
    losses = [head.loss(one, [sample(truth, shape=(40, 96))])['loss_mask'] for one in (right, wrong_outside)]
    assert losses[0] == losses[1]
    assert head.loss(wrong_outside, [sample(truth)])['loss_mask'] > 2 * losses[0]


def test_loss_falls_towards_the_target(head):
    truth = instances([20, 10, 40, 30])
    target = head.target(truth, 64, 96)[None, None]
    losses = [head.loss((2 * target - 1) * sharpness, [sample(truth)])['loss_mask'].item() for sharpness in (-4, 0, 4)]
    assert losses[0] > losses[1] > losses[2]


def test_a_missed_figure_costs_more_than_a_false_alarm(head):
    disc = head.target(instances([20, 10, 40, 30]), 64, 96)[None, None]
    missed = head.loss(logits(), [sample(instances([20, 10, 40, 30]))])['loss_mask']
    false_alarm = head.loss(16 * disc - 8, [sample()])['loss_mask']
    assert missed.item() == pytest.approx(10 * false_alarm.item(), rel=0.01)


def test_candidates_are_components_in_original_pixels(head):
    found, = head.predict(logits((10, 20, 30, 40), (60, 0, 96, 10)), [sample(scale_factor=(0.5, 2.0))])
    assert found.bboxes.tolist() == [[120, 0, 192, 5], [20, 10, 60, 20]]
    assert found.scores.tolist() == pytest.approx([1, 1], abs=1e-3) and found.labels.tolist() == [0, 0]
    unscaled = sample()
    del unscaled.scale_factor  # a pipeline without Resize
    as_it_is, = head.predict(logits((10, 20, 30, 40)), [unscaled])
    assert as_it_is.bboxes.tolist() == [[10, 20, 30, 40]]
    as_seen, = head.predict(logits((10, 20, 30, 40)), [sample(scale_factor=(0.5, 2.0))], rescale=False)
    assert as_seen.bboxes.tolist() == [[10, 20, 30, 40]]


def test_candidates_end_with_the_image(head):
    found, = head.predict(logits((50, 20, 96, 64)), [sample(shape=(40, 60))])
    assert found.bboxes.tolist() == [[50, 20, 60, 40]]


@pytest.mark.parametrize('threshold', [0.5, 1.1])
def test_nothing_found_is_an_empty_result(threshold):
    head = Fixed((4, ), test_cfg=dict(threshold=threshold))
    found, = head.predict(logits(*[(0, 0, 9, 9)] if threshold > 1 else []), [sample()])
    assert found.bboxes.shape == (0, 4) and found.scores.shape == found.labels.shape == (0, ) and found.labels.dtype == torch.long


def test_the_scores_of_all_strides_are_added(mmdet_scope):
    head = CandidateHead((4, 3, 2))
    maps = [torch.rand(1, channels, *size) for channels, size in ((4, (16, 12)), (3, (8, 6)), (2, (4, 3)))]
    whole = head(maps)
    assert whole.shape == (1, 1, 16, 12)
    for index in range(3):
        less = [*maps]
        less[index] = less[index] + 1
        assert not torch.allclose(head(less), whole)


def test_it_starts_with_few_figures(mmdet_scope):
    torch.manual_seed(0)
    model = MODELS.build(deepcopy(CONFIG))
    model.init_weights()
    frame = torch.randint(0, 256, (3, 64, 96), dtype=torch.uint8)
    probability = model(model.data_preprocessor(dict(inputs=[frame]))['inputs']).sigmoid()
    assert (probability - 0.01).abs().max() < 0.02


def test_phase_one_learns_a_dark_disc(mmdet_scope):
    # The whole detector, as a config builds it: loss, gradient, predictions, two images of which one holds nothing.
    torch.manual_seed(0)
    model = MODELS.build(deepcopy(CONFIG))
    model.init_weights()
    frames = torch.full((2, 3, 96, 96), 200, dtype=torch.uint8)
    yy, xx = torch.meshgrid(torch.arange(96), torch.arange(96), indexing='ij')
    frames[0, :, (xx - 40) ** 2 + (yy - 56) ** 2 < 169] = 30
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    data = dict(inputs=list(frames), data_samples=[sample(instances([27, 43, 53, 69]), (96, 96)), sample(shape=(96, 96))])
    for _ in range(60):
        total, _ = model.parse_losses(model(**model.data_preprocessor(deepcopy(data), training=True), mode='loss'))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    with_figure, without = (found.pred_instances for found in model.eval().test_step(deepcopy(data)))
    assert len(with_figure) == 1 and len(without) == 0
    centre = (with_figure.bboxes[0, :2] + with_figure.bboxes[0, 2:]) / 2
    assert (centre - torch.tensor([40., 56.])).abs().max() < 5
