"""Reliability of scores, worked by hand."""

import numpy as np
import pytest

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame


def test_by_hand():
    # 0.9 and 0.98: one hit of two in the last bin; 0.25: no hit; 1.0 is in the last bin, too
    frames = [Frame([[0, 0]], [[0, 0], [50, 0], [90, 0]], [0.98, 0.9, 0.25], name='1'), Frame([[0, 0]], [[0, 0]], [1.0], name='2')]
    found = evaluate(frames, '5px', resamples=0).calibration
    assert found.count.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 3]
    assert (found.precision[9], found.precision[2]) == (pytest.approx(2 / 3), 0) and np.isnan(found.precision[0])
    assert found.mean_score[9] == pytest.approx(0.96)
    assert found.ece.value == pytest.approx((3 * (0.96 - 2 / 3) + 0.25) / 4)


def test_a_second_detection_of_a_mitosis_is_no_hit():
    found = evaluate([Frame([[0, 0]], [[0, 0], [0, 1]], [0.95, 0.95])], '5px', resamples=0).calibration
    assert found.precision[9] == 0.5


def test_scores_that_are_chances_are_calibrated():
    rng = np.random.default_rng(0)
    grid = np.column_stack([np.arange(4000) * 20.0, np.zeros(4000)])
    scores = rng.random(4000)
    true = Frame(grid[rng.random(4000) < scores], grid, scores)
    assert evaluate([true], '5px', resamples=0).calibration.ece.value < 0.03
    assert evaluate([Frame(true.truth_xy, grid, scores ** 4)], '5px', resamples=0).calibration.ece.value > 0.2


def test_scores_that_are_no_probabilities():
    found = evaluate([Frame([[0, 0]], [[0, 0], [9, 9]], [3.5, -1.0])], '5px', resamples=10)
    assert found.calibration is None and found.overall.ap.value == 1
