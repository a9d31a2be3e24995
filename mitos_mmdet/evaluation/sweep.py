"""F1, precision and recall at every score that any prediction has: no grid, exact. numpy and scipy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.counts import ratio
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import frame_pairs
from mitos_mmdet.evaluation.ranking import Ranking, rank_by_rule

_AT_ONCE = 1_000_000  # thresholds (ours): little memory


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
    def precision(self) -> np.ndarray:
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> np.ndarray:
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> np.ndarray:
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def best_threshold(self) -> float:
        """The threshold of the highest F1 on this set; of equals the highest (ours: the fewest false positives).

        nan without predictions or without truth: there is nothing to choose by.
        """
        if not len(self.thresholds) or not (self.tp + self.fn)[0]:
            return np.nan
        best, place = -np.inf, 0
        for start in range(0, len(self.thresholds), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            f1 = Sweep(self.thresholds[part], self.tp[part], self.fp[part], self.fn[part]).f1
            if f1.max() > best:
                best, place = f1.max(), start + int(np.argmax(f1))
        return float(self.thresholds[place])


def sweep(frames: Sequence[Frame], radius: Length, rule: str = 'midog') -> Sweep:
    """Scores at every candidate threshold.

    Args:
        frames: List of ``Frame`` of one class.
        radius: ``Length``, inclusive.
        rule: One of ``matching.RULES`` (default: the contest's, MIDOG).

    Returns:
        Sweep: Empty arrays without predictions.
    """
    return sum_up(frames, [rank_by_rule(frame, frame_pairs(frame, radius), rule) for frame in frames])


def sum_up(frames: Sequence[Frame], rankings: Sequence[Ranking]) -> Sweep:
    """The ``Sweep`` of frames and their ``Ranking`` s by a rule."""
    scores = np.concatenate([np.zeros(0), *(frame.pred_scores for frame in frames)])
    scores.sort()
    is_first = np.ones(len(scores), dtype=bool)
    is_first[1:] = scores[1:] != scores[:-1]
    starts = np.flatnonzero(is_first)[::-1]  # where each distinct score begins, falling
    thresholds, from_here_on = scores[starts], (len(scores) - starts).astype(np.int32)
    del scores, is_first, starts  # of 50 million detections each is large
    tp = _at_least(thresholds, frames, [(ranking.hits, ranking.gains) for ranking in rankings])
    quiet = _at_least(thresholds, frames, [(ranking.quiet, np.ones(len(ranking.quiet))) for ranking in rankings])
    truths = sum(len(frame.truth_xy) for frame in frames)
    return Sweep(thresholds, tp, from_here_on - quiet, truths - tp)


def _at_least(thresholds, frames, chosen):
    """``(K,)`` int: the sum of what chosen detections ``[(indices, values), ...]`` with score >= each threshold bring."""
    scores = np.concatenate([np.zeros(0), *(frame.pred_scores[those] for frame, (those, _) in zip(frames, chosen, strict=True))])
    values = np.concatenate([np.zeros(0), *(values for _, values in chosen)])
    order = np.argsort(scores)
    below = np.concatenate([[0], np.cumsum(values[order])])
    reached = np.empty(len(thresholds), dtype=np.int32)
    for start in range(0, len(thresholds), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        reached[part] = below[-1] - below[np.searchsorted(scores[order], thresholds[part])]
    return reached
