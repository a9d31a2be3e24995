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

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

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


def check_rule(rule):
    """Returns ``rule``; ``ValueError`` where there is no such rule."""
    if rule not in RULES:
        raise ValueError(f'matching={rule!r} is not known: choose one of {", ".join(RULES)}')
    return rule


def pairs_within(truth_xy, pred_xy, radius):
    """All pairs within the radius.

    Args:
        truth_xy: ``(G, 2)``.
        pred_xy: ``(P, 2)``.
        radius: Inclusive, > 0, in the points' unit.

    Returns:
        tuple: Truth indices, prediction indices and distances, each ``(K,)``, ordered by truth, then distance, then prediction.
    """
    truth_xy, pred_xy = (np.asarray(xy, dtype=np.float64).reshape(-1, 2) for xy in (truth_xy, pred_xy))
    if not len(truth_xy) or not len(pred_xy):
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0)
    # The tree only preselects. Squares decide, as in evalutils' BallTree, so that points at exactly the radius agree with it.
    near = cKDTree(pred_xy).query_ball_point(truth_xy, radius * (1 + 1e-9))
    truths = np.repeat(np.arange(len(truth_xy)), [len(found) for found in near])
    preds = np.fromiter(chain.from_iterable(near), dtype=int, count=len(truths))
    squares = ((truth_xy[truths] - pred_xy[preds]) ** 2).sum(axis=1)
    order = np.lexsort((preds, squares, truths))
    order = order[squares[order] <= radius**2]
    return truths[order], preds[order], np.sqrt(squares[order])


def match(truth_xy, pred_xy, radius, rule='midog'):
    """Matches one frame's predictions with its truths.

    Args:
        truth_xy: ``(G, 2)``; under ``midog`` their order matters.
        pred_xy: ``(P, 2)``, those above the score threshold.
        radius: Inclusive, > 0, in the points' unit.
        rule: One of ``RULES`` (default: the contest's, MIDOG).

    Returns:
        Match: See there.
    """
    num_truths, num_preds = len(truth_xy), len(pred_xy)
    pairs = pairs_within(truth_xy, pred_xy, radius)
    take = dict(midog=_in_list_order, optimal=_optimal, amida=_nearest)[check_rule(rule)]
    taken = take(*pairs, num_truths, num_preds)
    truths, preds, distances = (column[taken] for column in pairs)
    truth_to_pred, hit_distances = np.full(num_truths, -1), np.full(num_truths, np.nan)
    truth_to_pred[truths], hit_distances[truths] = preds, distances
    false_positive = np.ones(num_preds, dtype=bool)
    false_positive[pairs[1] if rule == 'amida' else preds] = False
    return Match(truth_to_pred, hit_distances, false_positive)


def match_by_score(truth_xy, pred_xy, scores, radius):
    """The matching behind average precision: by falling score, each prediction takes its nearest truth that is still free.

    Predictions of one score go by index, truths at one distance too (ours).

    Returns:
        np.ndarray: ``(P,)`` int, the truth each prediction found, -1 where none.
    """
    truths, preds, distances = pairs_within(truth_xy, pred_xy, radius)
    rank = np.empty(len(pred_xy), dtype=int)
    rank[np.argsort(-np.asarray(scores, dtype=np.float64), kind='stable')] = np.arange(len(pred_xy))
    order = np.lexsort((truths, distances, rank[preds]))
    pred_to_truth = np.full(len(pred_xy), -1)
    taken = first_free(preds[order], truths[order], len(pred_xy), len(truth_xy))
    pred_to_truth[preds[order][taken]] = truths[order][taken]
    return pred_to_truth


def _in_list_order(truths, preds, distances, num_truths, num_preds):
    return first_free(truths, preds, num_truths, num_preds)


def first_free(takers, items, num_takers, num_items):
    """Positions of the pairs that come about when, pair by pair, a taker without an item takes an item that is still free."""
    served, used, taken = [False] * num_takers, [False] * num_items, []
    for position, (taker, item) in enumerate(zip(takers.tolist(), items.tolist(), strict=True)):
        if not served[taker] and not used[item]:
            served[taker] = used[item] = True
            taken.append(position)
    return np.array(taken, dtype=int)


def _nearest(truths, preds, distances, num_truths, num_preds):
    return np.unique(truths, return_index=True)[1]


def _optimal(truths, preds, distances, num_truths, num_preds):
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
