"""Free-response ROC: recall over false alarms an image, or a mm2. numpy alone."""

from dataclasses import dataclass

import numpy as np

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


def midog25_froc_area(curve, frames):
    """``froc_auc`` as MIDOG 2025's evaluator computes it.

    At 40 thresholds from the lowest score to the highest, evenly spaced, recall (with 1e-6 added below) over mean false alarms an
    image; straight lines between them, 0 in front, the last recall behind; trapezoids over 50 points from 0 to 8. The grid
    depends on the scores themselves: a monotone change of all scores changes this figure, not the exact area.

    Args:
        curve: ``Sweep`` of the frames.
        frames: How many.

    Returns:
        float: 0 to 8; nan without detections (as there).
    """
    if not len(curve.thresholds):
        return np.nan
    grid = np.linspace(curve.thresholds[-1], curve.thresholds[0], 40)
    if grid[0] == grid[-1]:
        grid = grid[:1]
    # How many of the falling thresholds are >= each point of the grid; all have at least one.
    last = np.searchsorted(-curve.thresholds, -grid, side='right') - 1
    recall = curve.tp[last] / (curve.tp[last] + curve.fn[last] + 1e-6)
    per_image = curve.fp[last] / frames
    order = np.argsort(per_image)
    points = np.linspace(0, MOST_PER_IMAGE, 50)
    heights = np.interp(points, per_image[order], recall[order], left=0, right=recall[order][-1])
    return float((np.diff(points) * (heights[1:] + heights[:-1]) / 2).sum())
