"""Counts of mitoses: against scipy, against the formulas, and with weights."""

import numpy as np
import pytest
from scipy import stats

from mitos_mmdet.evaluation.count_agreement import SCORES, agreement


def one(truth, predicted):
    return {key: float(values[0]) for key, values in agreement(truth, predicted, np.ones((len(truth), 1))).items()}


def test_by_hand():
    found = one([0, 2, 4], [1, 2, 6])  # errors 1, 0, 2
    sd = np.std([1, 0, 2], ddof=1)
    assert found['mean_absolute_error'] == found['bias'] == 1
    assert (found['limit_low'], found['limit_high']) == pytest.approx((1 - 1.96 * sd, 1 + 1.96 * sd))
    # Lin: 2 * 10/3 / (8/3 + 14/3 + 1)
    assert found['concordance'] == pytest.approx(20 / 25)
    assert one([1, 5], [0, 6])['mean_absolute_error'] == 1 and one([1, 5], [0, 6])['bias'] == 0


def test_correlations_equal_scipys():
    rng = np.random.default_rng(0)
    for _ in range(50):
        truth = rng.poisson(3, 20)  # equal counts share ranks
        predicted = truth + rng.integers(-2, 3, 20)
        found = one(truth, predicted)
        assert found['pearson'] == pytest.approx(stats.pearsonr(truth, predicted)[0])
        assert found['spearman'] == pytest.approx(stats.spearmanr(truth, predicted)[0])


def test_weights_are_repeated_frames():
    rng = np.random.default_rng(1)
    truth, predicted, weights = rng.poisson(5, 12), rng.poisson(5, 12), rng.integers(0, 4, (12, 30)).astype(float)
    found = agreement(truth, predicted, weights)
    assert set(found) == set(SCORES)
    for column, weight in enumerate(weights.T.astype(int)):
        again = one(np.repeat(truth, weight), np.repeat(predicted, weight))
        assert {key: values[column] for key, values in found.items()} == pytest.approx(again)


def test_what_has_no_value_is_nan():
    alike = one([3, 3], [3, 3])
    assert (alike['mean_absolute_error'], alike['limit_high']) == (0, 0)
    assert np.isnan([alike['pearson'], alike['spearman'], alike['concordance']]).all()
    assert np.isnan(one([3], [4])['limit_low']), 'one frame has no spread'
    assert np.isnan(list(one([], []).values())).all()
