"""Counts at one threshold, pooled over frames. numpy and scipy alone.

A list of ``Frame`` holds one class. Frames without truth count their false positives, frames without predictions their misses (MIDOG
2021's own evaluator skips the latter: a fault of it).

What is 0/0 is nan: there was nothing to judge, and a zero would read as a failure. So precision is nan where nothing was
predicted, recall where there is no truth, F1 only where there is neither (truth without predictions has F1 0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import Match, Pairs, frame_pairs, match_pairs


@dataclass(frozen=True)
class Counts:
    """Counts at one threshold, pooled.

    Attributes:
        tp, fp, fn: Under ``amida`` tp counts found truths, and fp the predictions near no truth.
        matches: One ``Match`` per frame; its indices are those of all the frame's predictions, its distances in the radius' unit.
            Predictions under the threshold are neither hits nor false positives.
    """

    tp: int
    fp: int
    fn: int
    matches: tuple = ()

    @property
    def precision(self) -> float:
        return float(ratio(self.tp, self.tp + self.fp))

    @property
    def recall(self) -> float:
        return float(ratio(self.tp, self.tp + self.fn))

    @property
    def f1(self) -> float:
        return float(ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn))


def ratio(part: ArrayLike, whole: ArrayLike) -> np.ndarray:
    """``part / whole``, nan where ``whole`` is 0; numbers or arrays."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan), where=whole > 0)


def counts_at(frames: Sequence[Frame], radius: Length, rule: str = 'midog', threshold: float = -np.inf) -> Counts:
    """Pooled counts of the predictions with score >= threshold.

    Args:
        frames: List of ``Frame``.
        radius: ``Length``, inclusive.
        rule: One of ``RULES`` (default: the contest's, MIDOG).
        threshold: Default: all predictions. nan keeps none.
    """
    return pool([match_frame(frame, frame_pairs(frame, radius), rule, threshold) for frame in frames])


def match_frame(frame: Frame, pairs: Pairs, rule: str, threshold: float) -> Match:
    """The ``Match`` of one frame's predictions with score >= threshold; ``pairs`` are its ``Pairs`` within the radius."""
    return match_pairs(pairs, len(frame.truth_xy), frame.pred_scores >= threshold, rule)


def pool(matches: Sequence[Match]) -> Counts:
    """The ``Counts`` of all frames' ``Match`` es."""
    tp = sum(int((found.truth_to_pred >= 0).sum()) for found in matches)
    fp = sum(int(found.false_positive.sum()) for found in matches)
    return Counts(tp, fp, sum(len(found.truth_to_pred) for found in matches) - tp, tuple(matches))


def hit_distances_um(frame: Frame, found: Match) -> np.ndarray:
    """Centroid distance in um of each hit of a frame (``found``: its ``Match``); none where its pixel size is unknown."""
    if frame.um_per_px is None:
        return np.zeros(0)
    hit = found.truth_to_pred >= 0
    apart = frame.truth_xy[hit] - frame.pred_xy[found.truth_to_pred[hit]]
    return np.hypot(*(apart * np.asarray(frame.um_per_px, dtype=np.float64)).T)
