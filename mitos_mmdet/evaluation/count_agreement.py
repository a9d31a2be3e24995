"""How well detections count mitotic figures: what a grade or a prognosis rests on. numpy alone.

Shapes: N frames or cases with a true and a predicted count each, B columns of weights (how often each is drawn).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.evaluation.bootstrap import Estimate
from mitos_mmdet.evaluation.counts import ratio

SCORES = ('mean_absolute_error', 'bias', 'limit_low', 'limit_high', 'pearson', 'spearman', 'concordance')


@dataclass(frozen=True)
class CountAgreement:
    """Counts of frames or of cases, at the threshold.

    Attributes:
        names: ``N`` of them.
        truth, predicted: ``(N,)`` int.
        mean_absolute_error: Mean of |predicted - truth|.
        bias, limit_low, limit_high: Mean of predicted - truth, and the limits of agreement, bias -+ 1.96 standard deviations (with
            N - 1; Bland & Altman, Lancet 1986).
        pearson, spearman: Correlations; equal counts share the mean of their ranks.
        concordance: Lin's coefficient (Biometrics 1989; variances with N): correlation with the line of equality.
    """

    names: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    mean_absolute_error: Estimate
    bias: Estimate
    limit_low: Estimate
    limit_high: Estimate
    pearson: Estimate
    spearman: Estimate
    concordance: Estimate


def agreement(truth: ArrayLike, predicted: ArrayLike, weights: np.ndarray) -> dict:
    """All ``SCORES``, ``(B,)`` each; nan where there is nothing to judge (for correlations: counts that are all equal).

    Args:
        truth, predicted: ``(N,)``.
        weights: ``(N, B)``, whole numbers.
    """
    truth, predicted = (np.asarray(counts, dtype=np.float64)[:, None] for counts in (truth, predicted))
    drawn = weights.sum(axis=0)
    error = predicted - truth
    bias = ratio((weights * error).sum(axis=0), drawn)
    spread = 1.96 * np.sqrt(ratio((weights * (error - bias) ** 2).sum(axis=0), drawn - 1))
    covariance, of_truth, of_predicted, apart = _moments(truth, predicted, weights, drawn)
    return dict(
        mean_absolute_error=ratio((weights * np.abs(error)).sum(axis=0), drawn), bias=bias, limit_low=bias - spread,
        limit_high=bias + spread, pearson=ratio(covariance, np.sqrt(of_truth * of_predicted)),
        spearman=_correlation(_ranks(truth[:, 0], weights), _ranks(predicted[:, 0], weights), weights, drawn),
        concordance=ratio(2 * covariance, of_truth + of_predicted + apart ** 2))


def _moments(first, second, weights, drawn):
    """Covariance, both variances (with N) and the distance of the means, of ``(N, B)`` or ``(N, 1)`` values."""
    mean_first, mean_second = (ratio((weights * values).sum(axis=0), drawn) for values in (first, second))
    first, second = first - mean_first, second - mean_second
    return (*(ratio((weights * product).sum(axis=0), drawn) for product in (first * second, first ** 2, second ** 2)),
            mean_first - mean_second)


def _correlation(first, second, weights, drawn):
    covariance, of_first, of_second, _ = _moments(first, second, weights, drawn)
    return ratio(covariance, np.sqrt(of_first * of_second))


def _ranks(values, weights):
    """``(N, B)`` ranks among what was drawn; equal values share the mean of theirs."""
    distinct, place = np.unique(values, return_inverse=True)
    group = np.zeros((len(distinct), weights.shape[1]))
    np.add.at(group, place, weights)
    return (np.cumsum(group, axis=0) - (group - 1) / 2)[place]
