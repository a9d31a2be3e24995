"""Free-response ROC: recall over false positives per image, or per mm2. numpy and scipy alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.counts import ratio
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.ranking import Ranking
from mitos_mmdet.evaluation.sweep import Sweep

MOST_PER_IMAGE = 8  # contest (MIDOG 2025)
MOST_PER_MM2 = 4  # ours: the same on MIDOG's regions of 2 mm2


@dataclass(frozen=True)
class Froc:
    """The curve at every threshold, all arrays ``(K,)``.

    Attributes:
        thresholds: Falling.
        recall: nan without truth.
        fp_per_image: Mean over the frames, those without detections included.
        fp_per_mm2: The same of the area; None where the area of a frame is unknown.
    """

    thresholds: np.ndarray
    recall: np.ndarray
    fp_per_image: np.ndarray
    fp_per_mm2: np.ndarray | None


def froc(curve: Sweep, frames: Sequence[Frame]) -> Froc:
    """The ``Froc`` of a ``Sweep`` over these frames."""
    areas = [frame.area_mm2 for frame in frames if frame.area_mm2 is not None]
    known = 0 < len(areas) == len(frames)
    return Froc(curve.thresholds, curve.recall, ratio(curve.fp, len(frames)), ratio(curve.fp, sum(areas)) if known else None)


class ScoreGrid:
    """MIDOG 2025's own approximation of the area under a free-response curve, as its evaluator computes it.

    Args:
        scores: One ``(P,)`` array per frame.
        rankings: One ``Ranking`` per frame.
    """

    def __init__(self, scores: Sequence[np.ndarray], rankings: Sequence[Ranking]):
        self._scores = scores
        self._rankings = [(its[each.quiet], its[each.hits], each.gains) for its, each in zip(scores, rankings, strict=True)]

    def areas(self, members: Iterable[int], unit: np.ndarray, units: int, weights: np.ndarray, truths: np.ndarray,
              images: np.ndarray) -> np.ndarray:
        """``froc_auc`` for many resamples at once.

        At 40 thresholds from the lowest score to the highest, evenly spaced, recall (1e-6 added to the truths) over mean false positives
        per image; straight lines between them, 0 in front, the last recall behind; trapezoids over 50 points from 0 to 8. The grid
        depends on the scores themselves: another scale of the same ranking changes this score, not the exact area. Resamples keep
        the sample's grid (ours).

        Args:
            members: The frames.
            unit, units: As ``RankedFrames.curve`` takes them.
            weights: ``(U, B)``.
            truths, images: ``(B,)``, in each resample.

        Returns:
            np.ndarray: ``(B,)``, 0 to 8; nan without detections (as there) and without truth (there 0).
        """
        known = [self._scores[frame] for frame in members if len(self._scores[frame])]
        if not known:
            return np.full(len(truths), np.nan)
        grid = np.linspace(min(its.min() for its in known), max(its.max() for its in known), 40)
        hits, alarms = np.zeros((units, len(grid))), np.zeros((units, len(grid)))
        for frame in members:
            scores, (quiet, hit_scores, gains) = self._scores[frame], self._rankings[frame]
            hits[unit[frame]] += (hit_scores[:, None] >= grid).T @ gains
            alarms[unit[frame]] += _at_least(scores, grid) - _at_least(quiet, grid)
        tp, fp = hits.T @ weights, alarms.T @ weights
        recall, per_image = tp / (truths + 1e-6), ratio(fp, images)
        points = np.linspace(0, MOST_PER_IMAGE, 50)
        areas = np.full(len(truths), np.nan)
        for column in np.flatnonzero(truths):
            order = np.argsort(per_image[:, column])
            x, y = per_image[order, column], recall[order, column]
            heights = np.interp(points, x, y, left=0, right=y[-1])
            areas[column] = (np.diff(points) * (heights[1:] + heights[:-1]) / 2).sum()
        return areas


def _at_least(scores, grid):
    """``(K,)`` int: how many scores reach each of a rising grid."""
    below = np.cumsum(np.bincount(np.searchsorted(grid, scores, side='right'), minlength=len(grid) + 1))[:-1]
    return len(scores) - below
