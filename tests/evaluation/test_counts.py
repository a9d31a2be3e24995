"""Pooled counts, average precision and the sweep."""

import time

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.evaluate import evaluate, summarise
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import RULES
from mitos_mmdet.evaluation.sweep import sweep

RADIUS = Length.parse('3px')
EMPTY = np.zeros((0, 2))


def frame(truths, preds=EMPTY, scores=(), um_per_px=None, **kwargs):
    return Frame(truths, preds, scores, um_per_px, **kwargs)


def random_frames(rng, count):
    """Crowded frames, so that matchings compete; scores of one decimal, so that they tie within and across frames."""
    sizes = rng.integers(0, 12, (count, 2))
    return [frame(rng.uniform(0, 12, (truths, 2)), rng.uniform(0, 12, (preds, 2)), rng.integers(0, 10, preds) / 10)
            for truths, preds in sizes]


def test_pooled_counts_with_background_frames_and_frames_without_predictions():
    frames = [frame([[0, 0], [20, 0]], [[1, 0], [0, 1], [50, 0]], [0.9, 0.8, 0.7]),  # a hit, a miss, a duplicate, a false positive
              frame(EMPTY, [[5, 5]], [0.6]),  # background: a false positive
              frame([[5, 5], [9, 9]])]  # no prediction: two misses
    score = counts_at(frames, RADIUS)
    assert (score.tp, score.fp, score.fn) == (1, 3, 3)
    assert (score.precision, score.recall, score.f1) == pytest.approx((1 / 4, 1 / 4, 2 / 8))
    assert (counts_at(frames, RADIUS, 'amida').fp, counts_at(frames, RADIUS, threshold=0.9).fp) == (2, 0)


def test_score_at_the_threshold_counts():
    frames = [frame([[0, 0]], [[0, 0], [0, 1]], [0.5, 0.4])]
    assert counts_at(frames, RADIUS, threshold=0.5).tp == 1
    assert counts_at(frames, RADIUS, threshold=np.nextafter(0.5, 1)).tp == 0
    assert counts_at(frames, RADIUS, threshold=np.nan).tp == counts_at(frames, RADIUS, threshold=np.nan).fp == 0


def test_matches_index_all_predictions_of_the_frame():
    found = counts_at([frame([[0, 0]], [[9, 9], [0, 0], [8, 8]], [0.1, 0.9, 0.8])], RADIUS, threshold=0.5).matches[0]
    assert found.truth_to_pred.tolist() == [1]
    assert found.false_positive.tolist() == [False, False, True]


def test_nothing_over_nothing_is_nan():
    nothing = counts_at([], RADIUS)
    assert np.isnan([nothing.f1, nothing.precision, nothing.recall]).all()
    nowhere = summarise([], RADIUS, 'midog', None, 'x')
    assert np.isnan([nowhere.overall.f1.value, nowhere.overall.ap.value, nowhere.localisation.mean_um.value, nowhere.threshold.value]).all()
    missed = counts_at([frame([[0, 0]])], RADIUS)
    assert (missed.f1, missed.recall) == (0, 0) and np.isnan(missed.precision)
    alarm = counts_at([frame(EMPTY, [[0, 0]], [0.5])], RADIUS)
    assert (alarm.f1, alarm.precision) == (0, 0) and np.isnan(alarm.recall)


def test_um_radius_and_pixels_that_are_not_square():
    # 6 px apart: 3 um along x, 6 um along y
    along_x, along_y = ([frame([[0, 0]], [xy], [1], (0.5, 1.0))] for xy in ([6, 0], [0, 6]))
    assert counts_at(along_x, Length.parse('3um')).tp == 1
    assert counts_at(along_y, Length.parse('3um')).tp == 0
    assert counts_at(along_x, RADIUS).tp == 0
    assert [evaluate(frames, '3um', resamples=0).overall.ap.value for frames in (along_x, along_y)] == [1, 0]
    assert sweep(along_x, Length.parse('3um')).tp.tolist() == [1] and sweep(along_y, Length.parse('3um')).tp.tolist() == [0]
    with pytest.raises(ValueError, match='f.png has no usable pixel size'):
        counts_at([frame([[0, 0]], name='f.png')], Length.parse('3um'))


def test_distances_are_in_um_whatever_the_radius():
    frames = [frame([[0, 0], [20, 20]], [[2, 0], [20, 22]], [1, 1], (0.5, 1.0)),  # 1 um and 2 um
              frame([[0, 0]], [[3, 0]], [1])]  # pixel size unknown: a hit without a distance in um
    found = evaluate(frames, RADIUS, resamples=0)
    assert found.overall.tp == 3 and found.localisation.hits == 2
    assert (found.localisation.mean_um.value, found.localisation.sd_um.value) == (1.5, 0.5)


def ap(frames):
    return summarise(frames, RADIUS, 'midog', None, 'x').overall.ap.value


def test_average_precision_by_hand(average_precision):
    # by falling score: hit, alarm, hit, alarm; 4 truths: 1/4 * 1 + 1/4 * 2/3
    frames = [frame([[0, 0], [20, 0]], [[0, 0], [60, 0]], [0.9, 0.8]), frame([[0, 0], [30, 0]], [[0, 0], [0, 1]], [0.7, 0.6])]
    assert ap(frames) == pytest.approx(average_precision(frames, RADIUS)) == pytest.approx(1 / 4 + 1 / 4 * 2 / 3)
    # the envelope: an early alarm is forgiven by later hits. alarm, hit, hit; 2 truths: 2/3
    frames = [frame([[0, 0], [20, 0]], [[60, 0], [0, 0], [20, 0]], [0.9, 0.8, 0.7])]
    assert ap(frames) == pytest.approx(average_precision(frames, RADIUS)) == pytest.approx(2 / 3)


def test_average_precision_does_not_depend_on_the_order_of_frames():
    hit, alarm = frame([[0, 0]], [[0, 0]], [0.5]), frame(EMPTY, [[0, 0]], [0.5])
    assert ap([hit, alarm]) == ap([alarm, hit]) == 0.5


def test_average_precision_of_nothing():
    assert np.isnan(ap([])) and np.isnan(ap([frame(EMPTY, [[0, 0]], [0.5])])) and ap([frame([[0, 0]])]) == 0


@pytest.mark.parametrize('rule', RULES)
def test_sweep_equals_a_recount_at_every_threshold(rule):
    rng = np.random.default_rng(2)
    for _ in range(60):
        frames = random_frames(rng, rng.integers(1, 5))
        curve = sweep(frames, RADIUS, rule)
        every = np.unique(np.concatenate([each.pred_scores for each in frames]))[::-1]
        assert curve.thresholds.tolist() == every.tolist()
        for position, threshold in enumerate(every):
            score = counts_at(frames, RADIUS, rule, threshold)
            assert (curve.tp[position], curve.fp[position], curve.fn[position]) == (score.tp, score.fp, score.fn)
            np.testing.assert_equal([curve.f1[position], curve.precision[position], curve.recall[position]],
                                    [score.f1, score.precision, score.recall])
        assert np.isnan(curve.best_threshold) or counts_at(frames, RADIUS, rule, curve.best_threshold).f1 == curve.f1.max()


def test_optimal_sweep_follows_chains_to_their_end():
    # 1 and 2 take the first two truths; 3 pushes 1 on to the third; 4 can only come in if 3 then pushes 2 on to the fourth
    truths = [[4, 0], [8, 0], [0, 0], [12, 0]]
    preds = [[2, 0], [10, 0], [6, 0], [4, 1]]
    curve = sweep([frame(truths, preds, [0.9, 0.8, 0.7, 0.6])], Length.parse('2px'), 'optimal')
    assert curve.tp.tolist() == [1, 2, 3, 4]


def test_best_threshold():
    # F1 is 1 at 0.8; the hit at 0.7 brings an alarm with it
    assert sweep([frame([[0, 0]], [[0, 0], [50, 0]], [0.8, 0.7])], RADIUS).best_threshold == 0.8
    # all wrong: F1 is 0 everywhere, so the fewest false positives
    assert sweep([frame([[0, 0]], [[40, 0], [50, 0]], [0.8, 0.7])], RADIUS).best_threshold == 0.8
    for nothing_to_choose_by in ([], [frame([[0, 0]])], [frame(EMPTY, [[0, 0]], [0.5])]):
        assert np.isnan(sweep(nothing_to_choose_by, RADIUS).best_threshold)


@pytest.mark.parametrize('rule', RULES)
def test_sweep_of_many_detections_is_quick(rule):
    rng = np.random.default_rng(3)
    frames = [frame(rng.uniform(0, 2000, (24, 2)), rng.uniform(0, 2000, (200, 2)), rng.random(200)) for _ in range(100)]
    start = time.perf_counter()
    assert len(sweep(frames, Length.parse('30px'), rule).tp) == 20_000
    assert time.perf_counter() - start < 5  # a matching from scratch at each score takes minutes


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match='f.png: scores'):
        frame(EMPTY, [[0, 0]], [np.nan], name='f.png')
    with pytest.raises(ValueError, match='f.png: predictions'):
        frame(EMPTY, [[0, np.inf]], [1], name='f.png')
    with pytest.raises(ValueError, match=r'a.png: truth_xy: an array of shape \(1, 4\)'):  # a box, which would be two points
        Frame([[0, 0, 50, 50]], [], [], name='a.png')
    with pytest.raises(ValueError, match='1 predictions but 2 scores'):
        frame(EMPTY, [[0, 0]], [1, 2])
