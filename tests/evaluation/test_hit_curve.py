"""Areas of many resamples at once, against the same figures one resample at a time."""

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.box_ap import REACH, rank_by_boxes
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.hit_curve import RankedFrames
from mitos_mmdet.evaluation.matching import pairs_within
from mitos_mmdet.evaluation.ranking import rank_by_rule, rank_by_score
from mitos_mmdet.evaluation.sweep import sweep

RADIUS = Length.parse('3px')


def random_frames(rng, count, tied):
    sizes = rng.integers(0, 9, (count, 2))
    return [Frame(rng.uniform(0, 12, (truths, 2)), rng.uniform(0, 12, (preds, 2)),
                  rng.integers(0, 6, preds) / 10 if tied else rng.random(preds)) for truths, preds in sizes]


def curve_of(frames, rank, unit=None, units=1):
    """The ``HitCurve`` of all frames; ``rank`` takes a frame and its pairs."""
    boxes = rank is rank_by_boxes
    rankings = [rank_by_boxes(frame, pairs_within(*frame.scaled(RADIUS), RADIUS.value * REACH), RADIUS) if boxes
                else rank(frame, pairs_within(*frame.scaled(RADIUS), RADIUS.value)) for frame in frames]
    scores = [frame.pred_scores.astype(np.float32) if boxes else frame.pred_scores for frame in frames]
    unit = np.zeros(len(frames), dtype=int) if unit is None else unit
    return RankedFrames(scores, rankings, one_by_one=boxes).curve(np.arange(len(frames)), unit, units)


def froc_area_by_hand(frames, most):
    """Recall over false positives per image, point after point, with straight lines in between."""
    curve = sweep(frames, RADIUS)
    truths = sum(len(frame.truth_xy) for frame in frames)
    x, y = [0.0, *(curve.fp / len(frames))], [0.0, *(curve.tp / truths)]
    area = 0.0
    for left, right, low, high in zip(x, x[1:], y, y[1:], strict=False):
        end = min(right, most)
        if left < end:
            at_end = low + (high - low) * (end - left) / (right - left)
            area += (end - left) * (low + at_end) / 2
    return area + max(0, most - x[-1]) * y[-1]


@pytest.mark.parametrize('tied', [False, True])
@pytest.mark.parametrize('most', [0.4, 8])  # an area that ends amid the curve, and one that goes beyond it
def test_weights_are_repeated_frames(tied, most, average_precision):
    rng = np.random.default_rng(0)
    for _ in range(20):
        frames = random_frames(rng, 6, tied)
        unit = np.array([0, 0, 1, 2, 2, 3])
        weights = np.column_stack([np.ones(4), rng.integers(0, 4, (4, 5))])
        truths = np.bincount(unit, [len(frame.truth_xy) for frame in frames]) @ weights
        precision = curve_of(frames, rank_by_score, unit, 4).average_precision(weights, truths)
        ends = most * (np.bincount(unit) @ weights)
        area = most * curve_of(frames, rank_by_rule, unit, 4).froc_areas(weights, truths, ends[None])[0]
        for column, weight in enumerate(weights.T):
            drawn = [frame for frame, its in zip(frames, unit, strict=True) for _ in range(int(weight[its]))]
            if not truths[column]:
                assert np.isnan(precision[column]) and np.isnan(area[column])
                continue
            assert precision[column] == pytest.approx(average_precision(drawn, RADIUS), abs=1e-12)
            assert area[column] == pytest.approx(froc_area_by_hand(drawn, most), abs=1e-12)


def test_frames_of_weight_0_are_left_out_of_box_ap():
    rng = np.random.default_rng(1)
    for _ in range(20):
        frames = random_frames(rng, 6, tied=False)
        weights = rng.integers(0, 2, (6, 5)).astype(float)
        curve = curve_of(frames, rank_by_boxes, np.arange(6), 6)
        found = curve.average_precision_101(weights, np.array([len(frame.truth_xy) for frame in frames]) @ weights)
        for column, weight in enumerate(weights.T):
            drawn = [frame for frame, its in zip(frames, weight, strict=True) if its]
            alone = curve_of(drawn, rank_by_boxes).average_precision_101(
                np.ones((1, 1)), np.array([sum(len(frame.truth_xy) for frame in drawn)]))
            np.testing.assert_equal(found[column], alone[0])


def test_froc_area_by_hand():
    # two images, two truths: hit, alarm, hit, alarm. Recall 1/2 up to half an alarm an image, then 1 for good
    frames = [Frame([[0, 0]], [[0, 0], [50, 0]], [0.9, 0.8]), Frame([[0, 0]], [[0, 0], [50, 0]], [0.7, 0.6])]
    assert evaluate(frames, RADIUS, resamples=0).overall.froc_area.value == pytest.approx(0.5 * 0.5 + 7.5)
    # the first three at one score: straight from (0, 0) to (0.5, 1)
    frames = [Frame([[0, 0]], [[0, 0], [50, 0]], [0.9, 0.9]), Frame([[0, 0]], [[0, 0], [50, 0]], [0.9, 0.6])]
    assert evaluate(frames, RADIUS, resamples=0).overall.froc_area.value == pytest.approx(0.5 * 0.5 + 7.5)


def test_froc_area_per_mm2():
    # one frame of 2 mm2: an alarm is half an alarm a mm2
    frames = [Frame([[0, 0], [900, 0]], [[0, 0], [400, 0], [900, 0]], [0.9, 0.8, 0.7], (0.5, 0.5), size_px=(4000, 2000))]
    overall = evaluate(frames, resamples=0).overall
    assert (overall.froc_area.value, overall.froc_area_per_mm2.value) == (pytest.approx(0.5 + 7), pytest.approx(0.25 + 3.5))
    frames.append(Frame([[0, 0]], [], [], (0.5, 0.5), name='of unknown size'))
    assert np.isnan(evaluate(frames, resamples=0).overall.froc_area_per_mm2.value)


def test_box_ap_by_hand():
    # boxes of +-1.5 radii one radius apart along an axis have IoU 1/2 and count; on the diagonal they must be 0.78 radii apart or less
    for apart, hit in (((30, 0), 1), ((31, 0), 0), ((16, 16), 1), ((17, 17), 0)):
        frames = [Frame([[100, 100]], [[100 + apart[0], 100 + apart[1]]], [0.9])]
        assert evaluate(frames, '30px', resamples=0).overall.box_ap.value == pytest.approx(hit), apart
    # a hit, an alarm, a hit: precision 1 up to recall 1/2 (51 of 101 points), then 2/3
    frames = [Frame([[0, 0], [500, 0]], [[0, 0], [250, 0], [500, 0]], [0.9, 0.8, 0.7])]
    assert evaluate(frames, '30px', resamples=0).overall.box_ap.value == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_nothing_at_all():
    assert np.isnan(curve_of([], rank_by_score, units=0).average_precision(np.ones((0, 1)), np.zeros(1))).all()
    missed = evaluate([Frame([[0, 0]], np.zeros((0, 2)), [])], RADIUS, resamples=0).overall
    assert (missed.ap.value, missed.box_ap.value, missed.froc_area.value) == (0, 0, 0)
    assert np.isnan(missed.froc_area_midog25.value), "the contest's own has no value without detections"
    clear = evaluate([Frame(np.zeros((0, 2)), [[0, 0]], [0.5])], RADIUS, resamples=0).overall
    assert np.isnan([clear.ap.value, clear.box_ap.value, clear.froc_area.value]).all()
