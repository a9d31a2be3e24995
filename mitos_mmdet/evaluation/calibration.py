"""Whether a score is a probability: of the detections at 0.8, are 80 % mitotic figures? numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.bootstrap import Estimate
from mitos_mmdet.evaluation.counts import ratio
from mitos_mmdet.evaluation.frames import Frame

BINS = 10  # ours


@dataclass(frozen=True)
class Calibration:
    """Reliability of the scores of all detections, whatever the threshold.

    Attributes:
        edges: ``(BINS + 1,)``, 0 to 1; a score on an edge is in the upper bin.
        count: ``(BINS,)`` detections.
        mean_score, precision: ``(BINS,)``; nan in an empty bin.
        ece: Expected calibration error: mean over detections of |precision - mean score| of their bin (detection ECE: Kueppers et
            al., CVPR workshops 2020, in the score alone). It weighs detections: a model that gives out many of low score is
            judged by these.
    """

    edges: np.ndarray
    count: np.ndarray
    mean_score: np.ndarray
    precision: np.ndarray
    ece: Estimate


class ScoreBins:
    """Detections summed up by unit and bin.

    Args:
        scores: One ``(P,)`` array per frame, in 0 to 1.
        hits: One ``(h,)`` int array per frame, the detections that are hits.
        unit: ``(N,)`` int, each frame's unit.
        units: How many.
    """

    edges = np.linspace(0, 1, BINS + 1)

    def __init__(self, scores: Sequence[np.ndarray], hits: Sequence[np.ndarray], unit: np.ndarray, units: int):
        self._sums = np.zeros((3, units, BINS))  # detections, scores, hits
        for each, found, its in zip(scores, hits, unit, strict=True):
            place = np.digitize(each, self.edges[1:-1])
            for total, bins, added in zip(self._sums, (place, place, place[found]), (None, each, None), strict=True):
                total[its] += np.bincount(bins, added, BINS)

    def ece(self, weights: np.ndarray) -> np.ndarray:
        """``(B,)`` for ``(U, B)`` weights; nan without detections."""
        count, score, hits = (weights.T @ total for total in self._sums)
        return ratio(np.abs(hits - score).sum(axis=1), count.sum(axis=1))

    def calibration(self, ece: Estimate) -> Calibration:
        """The ``Calibration`` of the sample, with its ``Estimate`` of the ECE."""
        count, score, hits = self._sums.sum(axis=1)
        return Calibration(self.edges, count.astype(int), ratio(score, count), ratio(hits, count), ece)


def are_probabilities(frames: Sequence[Frame]) -> bool:
    """Whether every score lies in 0 to 1."""
    return all(((frame.pred_scores >= 0) & (frame.pred_scores <= 1)).all() for frame in frames)
