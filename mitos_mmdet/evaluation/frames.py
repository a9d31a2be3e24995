"""One frame's truth and predictions of one class: what all scores here are made of. numpy alone."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.core.centroids import as_points
from mitos_mmdet.core.lengths import Length, check_um_per_px


@dataclass
class Frame:
    """One frame's truth and predictions of one class, and what else is known of the frame.

    Attributes:
        truth_xy: ``(G, 2)`` px, in the order of the annotation file.
        pred_xy: ``(P, 2)`` px, all of them, whatever their score.
        pred_scores: ``(P,)``.
        um_per_px: ``(x, y)``, or None where unknown: then the radius must be in px.
        name: What an error names, usually the image's file.
        scanner, domain, case_id, region_type: For scores by group; None where unknown.
        size_px: ``(width, height)``, or None.
        labelled: False where nobody looked for mitoses: not a negative, so not scored.
        hard_negative_xy: ``(H, 2)`` px, the labelled hard negatives; None where nobody labelled any.
        hard_negative_pred_xy, hard_negative_pred_scores: ``(Q, 2)`` px and ``(Q,)``, what the model calls a hard negative; None
            where it knows no such class.
        pred_masks: P masks as COCO run lengths of the frame; None from a detector without masks.

    Raises:
        ValueError: Coordinates or scores that are not finite, points that are not ``(N, 2)``, or not as many scores as predictions.
    """

    truth_xy: np.ndarray
    pred_xy: np.ndarray
    pred_scores: np.ndarray
    um_per_px: tuple | None = None
    name: str = 'a frame'
    scanner: str | None = None
    domain: str | None = None
    case_id: str | None = None
    region_type: str | None = None
    size_px: tuple | None = None
    labelled: bool = True
    hard_negative_xy: np.ndarray | None = None
    hard_negative_pred_xy: np.ndarray | None = None
    hard_negative_pred_scores: np.ndarray | None = None
    pred_masks: list | None = None

    def __post_init__(self):
        self.truth_xy = as_points(self.truth_xy, f'{self.name}: truth_xy')
        self.pred_xy = as_points(self.pred_xy, f'{self.name}: pred_xy')
        self.pred_scores = np.asarray(self.pred_scores, dtype=np.float64).reshape(-1)
        numbers = dict(truth=self.truth_xy, predictions=self.pred_xy, scores=self.pred_scores)
        if self.hard_negative_xy is not None:
            numbers['hard negatives'] = self.hard_negative_xy = as_points(self.hard_negative_xy, f'{self.name}: hard_negative_xy')
        if self.hard_negative_pred_xy is not None:
            self.hard_negative_pred_xy = as_points(self.hard_negative_pred_xy, f'{self.name}: hard_negative_pred_xy')
            self.hard_negative_pred_scores = np.asarray(self.hard_negative_pred_scores, dtype=np.float64).reshape(-1)
            numbers['predicted hard negatives'] = self.hard_negative_pred_xy
            numbers['scores of hard negatives'] = self.hard_negative_pred_scores
            self._check_lengths(self.hard_negative_pred_xy, self.hard_negative_pred_scores)
        self._check_lengths(self.pred_xy, self.pred_scores)
        for what, values in numbers.items():
            if not np.isfinite(values).all():
                raise ValueError(f'{self.name}: {what} that are no finite numbers. Correct the file; from a model, its training '
                                 f'has diverged: lower the learning rate')

    def _check_lengths(self, points, scores):
        if len(points) != len(scores):
            raise ValueError(f'{self.name}: {len(points)} predictions but {len(scores)} scores')

    @property
    def area_mm2(self) -> float | None:
        """The frame's area, or None where its size in px or its pixel size is unknown."""
        if self.size_px is None or self.um_per_px is None:
            return None
        return float(np.prod(self.size_px) * np.prod(self.um_per_px)) / 1e6

    def scaled(self, radius: Length, *points: np.ndarray) -> tuple:
        """``(truth_xy, pred_xy)``, or the ``points`` given, in the unit of ``radius`` (a ``Length``); ValueError for um without a
        pixel size."""
        points = points or (self.truth_xy, self.pred_xy)
        if radius.unit == 'px':
            return points
        scale = np.array(check_um_per_px(self.um_per_px, self.name, needed_for=f'a radius of {radius}'))
        return tuple(xy * scale for xy in points)
