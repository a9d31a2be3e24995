"""Which detections bring a hit as the threshold falls past them, frame by frame. numpy and scipy alone.

Which truths are found depends, under ``midog``, on the whole set of predictions above the threshold, so every threshold needs its
own matching. Predictions therefore enter one by one by falling score, and each corrects the matching so far: under ``midog`` it
goes to the first truth in the list that likes it better than what it has, and what that truth gives up is offered to the truths
after it; under ``optimal`` one augmenting path is looked for. Both give the counts of a matching from scratch, in the time of
one. Detections far from every truth are false positives and nothing else: only the others are looked at one by one.
"""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.matching import check_rule, match_by_score


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


def rank_by_score(frame, pairs) -> Ranking:
    """The ranking behind average precision (``match_by_score``)."""
    hits = match_by_score(pairs, frame.pred_scores)
    return Ranking(hits, np.ones(len(hits)), hits)


def rank_by_rule(frame, pairs, rule='midog') -> Ranking:
    """The ranking of a matching from scratch at every threshold.

    Args:
        frame: ``Frame``.
        pairs: Its ``Pairs`` within the radius.
        rule: One of ``RULES``.
    """
    check_rule(rule)
    near, liking = {}, {}  # each prediction's truths, in list order; a truth's order of preference
    for position, pair in enumerate(zip(pairs.truths.tolist(), pairs.preds.tolist(), strict=True)):
        near.setdefault(pair[1], []).append(pair[0])
        liking[pair] = position
    candidates = np.array(sorted(near), dtype=int)
    order = candidates[np.argsort(-frame.pred_scores[candidates], kind='stable')]
    if rule == 'amida':
        found, gains = set(), []
        for pred in order.tolist():
            gains.append(len(set(near[pred]) - found))
            found.update(near[pred])
    else:
        add, got, serves = (_add_midog if rule == 'midog' else _add_optimal), {}, {}
        gains = [add(pred, near, liking, got, serves) for pred in order.tolist()]
    gains = np.array(gains, dtype=float)
    hits = order[gains > 0]
    return Ranking(hits, gains[gains > 0], candidates if rule == 'amida' else hits)


def _add_midog(pred, near, liking, got, serves):
    """Adds a prediction to ``got`` (truth to prediction) and returns whether one more truth is found."""
    while True:
        for truth in near[pred]:  # in list order
            if truth not in got:
                got[truth] = pred
                return True
            if liking[truth, pred] < liking[truth, got[truth]]:
                # What it gives up goes on to later truths: the earlier ones could have had it and like what they have better.
                got[truth], pred = pred, got[truth]
                break
        else:
            return False


def _add_optimal(pred, near, liking, got, serves):
    """The same by an augmenting path (breadth first); ``serves`` is ``got`` the other way round."""
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
