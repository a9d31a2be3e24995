"""Where on a slide to search for mitotic figures: in tissue, and in the region that the user drew."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

_MARGIN_UM = 32.0  # Ours: so far beyond the tissue mask a mitotic figure still counts, as masks cut edges.


class WantedArea:
    """Tissue and region of interest, asked by tile and by point.

    Args:
        slide: ``Slide`` with um/px.
        tissue: ``TissueMask`` or None.
        roi: ``Roi`` or None.
    """

    def __init__(self, slide: 'Slide', tissue: 'TissueMask | None' = None, roi: 'Roi | None' = None):
        self._roi = roi
        self._mask = None
        if tissue is not None:
            self._px = np.array(slide.size) / tissue.mask.shape[::-1]  # level-0 px per px of the mask
            radius = np.ceil(_MARGIN_UM / np.array(tissue.um_per_px)).astype(int)
            kernel = np.ones((2 * radius[1] + 1, 2 * radius[0] + 1), np.uint8)
            self._mask = cv2.dilate(tissue.mask.astype(np.uint8), kernel)

    def tiles(self, boxes: ArrayLike) -> np.ndarray:
        """Which of the boxes ``(N, 4)`` xyxy level-0 px hold any of it: bool ``(N,)``."""
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        wanted = np.ones(len(boxes), bool)
        if self._mask is not None:
            height, width = self._mask.shape
            x1, y1 = np.floor(boxes[:, :2] / self._px).astype(int).T
            x2, y2 = np.ceil(boxes[:, 2:] / self._px).astype(int).T
            x1, x2, y1, y2 = np.clip(x1, 0, width), np.clip(x2, 0, width), np.clip(y1, 0, height), np.clip(y2, 0, height)
            sums = cv2.integral(self._mask)
            wanted = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1] > 0
        if self._roi is not None:
            wanted[wanted] = [self._roi.covers(box) > 0 for box in boxes[wanted].tolist()]
        return wanted

    def points(self, points: ArrayLike) -> np.ndarray:
        """Which of the points ``(N, 2)`` level-0 px lie in it: bool ``(N,)``."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        inside = np.ones(len(points), bool)
        if self._mask is not None:
            place = np.floor(points / self._px).astype(int)
            place = np.clip(place, 0, np.array(self._mask.shape[::-1]) - 1)
            inside = self._mask[place[:, 1], place[:, 0]] > 0
        if self._roi is not None and len(points):
            inside &= self._roi.contains(points)
        return inside
