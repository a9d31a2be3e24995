"""Which detections bring a hit as the threshold falls past them, frame by frame. numpy and scipy alone.

Which truths are found depends, under ``midog``, on the whole set of predictions above the threshold, so every threshold needs its
own matching. Predictions therefore enter one by one by falling score, and each corrects the matching so far: under ``midog`` it
goes to the first truth in the list that likes it better than what it has, and what that truth gives up is offered to the truths
after it; under ``optimal`` one augmenting path is looked for. Both give the counts of a matching from scratch, in the time of
one. Detections far from every truth are false positives and nothing else: only the others are looked at one by one.
"""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import Pairs, check_rule, match_by_score


@dataclass(frozen=True)
class Ranking:
    """What the detections of a frame add to the counts as the threshold falls.

    Attributes:
        hits: ``(h,)`` int, the detections that bring true positives.
        gains: ``(h,)`` float, how many.
        quiet: ``(q,)`` int, the detections that are no false positives; all others are one each.

    Of detections with one score only the sums mean something.
    """

    hits: np.ndarray
    gains: np.ndarray
    quiet: np.ndarray


def rank_by_score(frame: Frame, pairs: Pairs) -> Ranking:
    """The ranking behind average precision (``match_by_score``)."""
    hits = match_by_score(pairs, frame.pred_scores)
    return Ranking(hits, np.ones(len(hits)), hits)


def rank_by_rule(frame: Frame, pairs: Pairs, rule: str = 'midog') -> Ranking:
    """The ranking of a matching from scratch at every threshold.

    Args:
        frame: ``Frame``.
        pairs: Its ``Pairs`` within the radius.
        rule: One of ``RULES``.
    """
    check_rule(rule)
    candidates, rows = np.unique(pairs.preds, return_inverse=True)
    by_pred = np.lexsort((pairs.truths, rows))  # each prediction's truths, in list order
    ends = np.cumsum(np.bincount(rows, minlength=len(candidates)))[:-1]
    near = np.split(pairs.truths[by_pred], ends) if len(candidates) else []
    order = np.argsort(-frame.pred_scores[candidates], kind='stable').tolist()
    if rule == 'midog':
        gains = _gains_midog(order, near, np.split(pairs.squares[by_pred], ends) if len(candidates) else [], len(frame.truth_xy))
    else:
        gains = (_gains_amida if rule == 'amida' else _gains_optimal)(order, [its.tolist() for its in near])
    order, gains = candidates[order], np.array(gains, dtype=float)
    hits = order[gains > 0]
    return Ranking(hits, gains[gains > 0], candidates if rule == 'amida' else hits)


def _gains_midog(order, near, squares, num_truths):
    """How many more truths are found as each prediction of ``order`` enters; ``near`` and ``squares`` are its truths and distances."""
    got, got_square, gains = np.full(num_truths, -1), np.full(num_truths, np.inf), []
    for pred in order:
        found = False
        while pred >= 0:
            truths, distance = near[pred], squares[pred]
            better = (distance < got_square[truths]) | ((distance == got_square[truths]) & (pred < got[truths]))
            first = better.argmax()
            if not better[first]:
                break
            truth = truths[first]
            # What it gives up goes on to later truths: the earlier ones could have had it and like what they have better.
            given_up, got[truth], got_square[truth] = got[truth], pred, distance[first]
            found, pred = given_up < 0, given_up
        gains.append(found)
    return gains


def _gains_amida(order, near):
    found, gains = set(), []
    for pred in order:
        gains.append(sum(truth not in found for truth in near[pred]))
        found.update(near[pred])
    return gains


def _gains_optimal(order, near):
    got, serves, gains = {}, {}, []
    most = len({truth for truths in near for truth in truths})
    for pred in order:
        gains.append(len(got) < most and _add_optimal(pred, near, got, serves))
    return gains


def _add_optimal(pred, near, got, serves):
    """Adds a prediction to ``got`` (truth to prediction) by an augmenting path, breadth first; ``serves`` is ``got`` the other way round.

    Returns whether one more truth is found.
    """
    reached_from, waiting = {}, [pred]
    for current in waiting:
        for truth in near[current]:
            if truth in reached_from:
                continue
            reached_from[truth] = current
            if truth in got:
                waiting.append(got[truth])
                continue
            while truth is not None:
                giver = reached_from[truth]
                got[truth], serves[giver], truth = giver, truth, serves.get(giver)
            return True
    return False
