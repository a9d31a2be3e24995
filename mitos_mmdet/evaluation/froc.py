"""Free-response ROC: recall over false alarms an image, or a mm2. numpy and scipy alone."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.hit_curve import together
from mitos_mmdet.evaluation.scores import ratio

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


def froc(curve, frames):
    """The ``Froc`` of a ``Sweep`` over these frames."""
    areas = [frame.area_mm2 for frame in frames]
    known = bool(areas) and None not in areas
    return Froc(curve.thresholds, curve.recall, ratio(curve.fp, len(frames)), ratio(curve.fp, sum(areas)) if known else None)


def midog25_froc_area(events, unit, units, weights, truths, images):
    """``froc_auc`` as MIDOG 2025's evaluator computes it, for many resamples at once.

    At 40 thresholds from the lowest score to the highest, evenly spaced, recall (1e-6 added to the truths) over mean false alarms
    an image; straight lines between them, 0 in front, the last recall behind; trapezoids over 50 points from 0 to 8. The grid
    depends on the scores themselves: another scale of the same ranking changes this figure, not the exact area. Resamples keep
    the sample's grid (ours).

    Args:
        events, unit, units: As ``HitCurve`` takes them.
        weights: ``(U, B)``.
        truths, images: ``(B,)``, in each resample.

    Returns:
        np.ndarray: ``(B,)``, 0 to 8; nan without detections (as there) and without truth (there 0).
    """
    scores, hits, alarms, unit = together(events, unit)
    if not len(scores):
        return np.full(len(truths), np.nan)
    grid = np.linspace(scores.min(), scores.max(), 40)
    reached = np.searchsorted(grid, scores, side='right')  # so many thresholds a detection passes
    tp, fp = (_passing(values, reached, unit, (units, len(grid))).T @ weights for values in (hits, alarms))
    recall, per_image = tp / (truths + 1e-6), ratio(fp, images)
    points = np.linspace(0, MOST_PER_IMAGE, 50)
    areas = np.full(len(truths), np.nan)
    for column in np.flatnonzero(truths):
        order = np.argsort(per_image[:, column])
        x, y = per_image[order, column], recall[order, column]
        heights = np.interp(points, x, y, left=0, right=y[-1])
        areas[column] = (np.diff(points) * (heights[1:] + heights[:-1]) / 2).sum()
    return areas


def _passing(values, reached, unit, shape):
    """``(U, T)``: sums of the values that pass each of T thresholds, by unit."""
    units, thresholds = shape
    table = np.bincount(unit * (thresholds + 1) + reached, values, units * (thresholds + 1)).reshape(units, thresholds + 1)
    return np.cumsum(table[:, :0:-1], axis=1)[:, ::-1]
