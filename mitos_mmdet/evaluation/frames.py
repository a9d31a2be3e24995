"""One frame's truth and predictions of one class: what all scores here are made of. numpy alone."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.lengths import check_um_per_px


@dataclass
class Frame:
    """One frame's truth and predictions of one class.

    Attributes:
        truth_xy: ``(G, 2)`` px, in the order of the annotation file.
        pred_xy: ``(P, 2)`` px.
        pred_scores: ``(P,)``.
        um_per_px: ``(x, y)``, or None where unknown: then the radius must be in px.
        name: What an error names, usually the image's file.
        scanner, domain, case_id: For the caller to filter by.

    Raises:
        ValueError: Coordinates or scores that are not finite, or not as many scores as predictions.
    """

    truth_xy: np.ndarray
    pred_xy: np.ndarray
    pred_scores: np.ndarray
    um_per_px: tuple | None = None
    name: str = 'a frame'
    scanner: str | None = None
    domain: str | None = None
    case_id: str | None = None

    def __post_init__(self):
        self.truth_xy, self.pred_xy = (np.asarray(xy, dtype=np.float64).reshape(-1, 2) for xy in (self.truth_xy, self.pred_xy))
        self.pred_scores = np.asarray(self.pred_scores, dtype=np.float64).reshape(-1)
        if len(self.pred_scores) != len(self.pred_xy):
            raise ValueError(f'{self.name}: {len(self.pred_xy)} predictions but {len(self.pred_scores)} scores')
        for what, values in dict(truth=self.truth_xy, predictions=self.pred_xy, scores=self.pred_scores).items():
            if not np.isfinite(values).all():
                raise ValueError(f'{self.name}: {what} that are no finite numbers. Mend the file; from a model, its training '
                                 f'has diverged: lower the learning rate')

    def scaled(self, radius):
        """``(truth_xy, pred_xy)`` in the unit of ``radius`` (a ``Length``); ValueError for um without a pixel size."""
        if radius.unit == 'px':
            return self.truth_xy, self.pred_xy
        scale = np.array(check_um_per_px(self.um_per_px, self.name, needed_for=f'a radius of {radius}'))
        return self.truth_xy * scale, self.pred_xy * scale
