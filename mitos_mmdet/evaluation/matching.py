"""Which prediction found which truth, by the contests' rules. numpy and scipy alone.

Shapes: G truths, P predictions, both as ``(N, 2)`` xy centroids of one frame in one unit, which is the radius' unit too (px or
um; pixels that are not square are scaled by the caller, x and y apart). The radius is inclusive, as in all contests. Empty arrays
are fine everywhere.

Rules:
    ``midog``: evalutils' ``score_detection``, which MIDOG 2021 to 2025 score with. Truths in list order, each takes its nearest
        still unused prediction; every other prediction is a false positive. Not the most hits that were possible: an early truth
        may take the only prediction of a later one. Of predictions at the same distance the lower index goes first (ours: there
        it is left to the sorting of scikit-learn's BallTree).
    ``optimal``: one to one, the most hits there can be, and of those matchings the one of least total distance (ours).
    ``amida``: AMIDA13 and TUPAC16. A truth counts once if any prediction lies within the radius; no prediction within the radius
        of a truth is a false positive, and one prediction may find two truths.
"""

from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.frames import Frame

RULES = ('midog', 'optimal', 'amida')


@dataclass(frozen=True)
class Match:
    """The outcome for one frame.

    Attributes:
        truth_to_pred: ``(G,)`` int, the index of each truth's prediction (``amida``: of its nearest one), -1 where missed.
        distances: ``(G,)`` float in the unit of the input, nan where missed.
        false_positive: ``(P,)`` bool.
    """

    truth_to_pred: np.ndarray
    distances: np.ndarray
    false_positive: np.ndarray


def check_rule(rule: str) -> str:
    """Returns ``rule``; ``ValueError`` where there is no such rule."""
    if rule not in RULES:
        raise ValueError(f'matching={rule!r} is not known: choose one of {", ".join(RULES)}')
    return rule


class Pairs(NamedTuple):
    """Truths and predictions that lie near each other, ordered by truth, then distance, then prediction.

    Attributes:
        truths, preds: ``(K,)`` int, their indices.
        squares: ``(K,)``, the squares of their distances.
    """

    truths: np.ndarray
    preds: np.ndarray
    squares: np.ndarray

    def where(self, chosen: np.ndarray) -> 'Pairs':
        """The pairs of a mask ``(K,)``."""
        return Pairs(*(column[chosen] for column in self))

    @property
    def distances(self) -> np.ndarray:
        return np.sqrt(self.squares)


def frame_pairs(frame: Frame, radius: Length) -> Pairs:
    """All pairs of a ``Frame``'s ground truths and detections within ``radius``, a ``Length``."""
    truth_xy, pred_xy = frame.scaled(radius)
    return pairs_within(truth_xy, pred_xy, radius.value)


def pairs_within(truth_xy: np.ndarray, pred_xy: np.ndarray, radius: float) -> Pairs:
    """All pairs within the radius.

    Args:
        truth_xy: ``(G, 2)``.
        pred_xy: ``(P, 2)``.
        radius: Inclusive, > 0, in the points' unit.
    """
    truth_xy, pred_xy = (np.asarray(xy, dtype=np.float64).reshape(-1, 2) for xy in (truth_xy, pred_xy))
    if not len(truth_xy) or not len(pred_xy):
        return Pairs(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0))
    # The tree only preselects. Squares decide, as in evalutils' BallTree, so that points at exactly the radius agree with it.
    near = cKDTree(pred_xy).query_ball_point(truth_xy, radius * (1 + 1e-9))
    truths = np.repeat(np.arange(len(truth_xy)), [len(found) for found in near])
    preds = np.fromiter(chain.from_iterable(near), dtype=int, count=len(truths))
    squares = ((truth_xy[truths] - pred_xy[preds]) ** 2).sum(axis=1)
    order = np.lexsort((preds, squares, truths))
    order = order[squares[order] <= radius**2]
    return Pairs(truths[order], preds[order], squares[order])


def match(truth_xy: np.ndarray, pred_xy: np.ndarray, radius: float, rule: str = 'midog') -> Match:
    """Matches one frame's predictions with its truths.

    Args:
        truth_xy: ``(G, 2)``; under ``midog`` their order matters.
        pred_xy: ``(P, 2)``, those above the score threshold.
        radius: Inclusive, > 0, in the points' unit.
        rule: One of ``RULES`` (default: the contest's, MIDOG).
    """
    return match_pairs(pairs_within(truth_xy, pred_xy, radius), len(truth_xy), np.ones(len(pred_xy), dtype=bool), rule)


def match_pairs(pairs: Pairs, num_truths: int, counts: np.ndarray, rule: str = 'midog') -> Match:
    """The same of the pairs within the radius.

    Args:
        pairs: ``Pairs``.
        num_truths: G.
        counts: ``(P,)`` bool: the predictions that count, those above the score threshold; the others are neither hits nor false positives.
        rule: One of ``RULES``.
    """
    pairs = pairs.where(counts[pairs.preds])
    take = dict(midog=_in_list_order, optimal=_optimal, amida=_nearest)[check_rule(rule)]
    taken = pairs.where(take(pairs.truths, pairs.preds, pairs.distances))
    truth_to_pred, hit_distances = np.full(num_truths, -1), np.full(num_truths, np.nan)
    truth_to_pred[taken.truths], hit_distances[taken.truths] = taken.preds, taken.distances
    false_positive = counts.copy()
    false_positive[pairs.preds if rule == 'amida' else taken.preds] = False
    return Match(truth_to_pred, hit_distances, false_positive)


def match_by_score(pairs: Pairs, scores: np.ndarray) -> np.ndarray:
    """The matching behind average precision: by falling score, each prediction takes its nearest truth that is still free.

    Predictions of one score go by index, truths at one distance too (ours).

    Args:
        pairs: ``Pairs`` within the radius.
        scores: ``(P,)``.

    Returns:
        np.ndarray: The predictions that found a truth.
    """
    order = np.lexsort((pairs.truths, pairs.distances, pairs.preds, -scores[pairs.preds]))
    return pairs.preds[order][first_free(pairs.preds[order], pairs.truths[order])]


def _in_list_order(truths, preds, distances):
    return first_free(truths, preds)


def first_free(takers: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Positions of the pairs that come about when, pair by pair, a taker without an item takes an item that is still free."""
    served, used, taken = set(), set(), []
    most = min(len(np.unique(takers)), len(np.unique(items)))
    for position, (taker, item) in enumerate(zip(takers.tolist(), items.tolist(), strict=True)):
        if taker not in served and item not in used:
            served.add(taker)
            used.add(item)
            taken.append(position)
            if len(taken) == most:
                break
    return np.array(taken, dtype=int)


def _nearest(truths, preds, distances):
    return np.unique(truths, return_index=True)[1]


def _optimal(truths, preds, distances):
    if not len(truths):
        return np.zeros(0, dtype=int)
    rows, row = np.unique(truths, return_inverse=True)
    columns, column = np.unique(preds, return_inverse=True)
    # One more hit saves more than all distances together can cost, so hits come first.
    one_hit = 1 + min(len(rows), len(columns))
    cost = np.zeros((len(rows), len(columns)))
    cost[row, column] = distances / max(distances.max(), np.finfo(float).tiny) - one_hit
    position = np.full(cost.shape, -1)
    position[row, column] = np.arange(len(truths))
    taken = position[linear_sum_assignment(cost)]
    return taken[taken >= 0]
