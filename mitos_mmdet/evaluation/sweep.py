"""F1, precision and recall at every score that any prediction has: no grid, exact. numpy and scipy alone.

Which truths are found depends, under ``midog``, on the whole set of predictions above the threshold, so every threshold needs its
own matching. Predictions therefore enter one by one by falling score, and each repairs the matching so far: under ``midog`` it
goes to the first truth in the list that likes it better than what it has, and what that truth gives up is offered to the truths
after it; under ``optimal`` one augmenting path is looked for. Both give the counts of a matching from scratch, in the time of
one.
"""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.matching import check_rule, pairs_within
from mitos_mmdet.evaluation.scores import pool, ratio


@dataclass(frozen=True)
class Sweep:
    """Pooled counts at every candidate threshold, all arrays ``(K,)``.

    Attributes:
        thresholds: The distinct scores, falling. At each, the predictions with score >= it count.
        tp, fp, fn: Counts there.
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray

    @property
    def precision(self):
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self):
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self):
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def best_threshold(self):
        """The threshold of the highest F1 on this very set; of equals the highest (ours: the fewest false alarms).

        nan without predictions or without truth: there is nothing to choose by.
        """
        if not len(self.thresholds) or not (self.tp + self.fn)[0]:
            return np.nan
        return float(self.thresholds[np.argmax(self.f1)])


def sweep(frames, radius, rule='midog'):
    """Scores at every candidate threshold.

    Args:
        frames: List of ``Frame`` of one class.
        radius: ``Length``, inclusive.
        rule: One of ``matching.RULES`` (default: the contest's, MIDOG).

    Returns:
        Sweep: Empty arrays without predictions.
    """
    check_rule(rule)
    return sum_up([frame_events(frame, radius, rule) for frame in frames], sum(len(frame.truth_xy) for frame in frames))


def sum_up(events, truths):
    """The ``Sweep`` of the ``frame_events`` of all frames, with so many truths in them."""
    thresholds, tp, fp = pool(events)
    return Sweep(thresholds, tp.astype(int), fp.astype(int), truths - tp.astype(int))


def frame_events(frame, radius, rule='midog'):
    """What each prediction of a frame adds to the counts as the threshold falls past it.

    Returns:
        tuple: ``(P,)`` each: scores, falling; true positives added; false positives added. For equal scores only the sum means
        something.
    """
    truth_xy, pred_xy = frame.scaled(radius)
    truths, preds, _ = pairs_within(truth_xy, pred_xy, radius.value)
    near = [[] for _ in range(len(pred_xy))]  # each prediction's truths, in list order
    liking = {}  # a truth's order of preference
    for position, pair in enumerate(zip(truths.tolist(), preds.tolist(), strict=True)):
        near[pair[1]].append(pair[0])
        liking[pair] = position
    order = np.argsort(-frame.pred_scores, kind='stable')
    if rule == 'amida':
        found = np.zeros(len(truth_xy), dtype=bool)
        hits = np.zeros(len(pred_xy))
        for index in order.tolist():
            hits[index] = (~found[near[index]]).sum() if near[index] else 0
            found[near[index]] = True
        alarms = np.array([not truths_near for truths_near in near], dtype=float)
        return frame.pred_scores[order], hits[order], alarms[order]
    add, got, serves = (_add_midog if rule == 'midog' else _add_optimal), {}, {}
    hits = np.array([add(index, near, liking, got, serves) for index in order.tolist()], dtype=float)
    return frame.pred_scores[order], hits, 1 - hits


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
