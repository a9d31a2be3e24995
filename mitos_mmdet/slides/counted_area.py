"""The area that a count refers to: tissue within the region of interest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.tissue import TissueMask

_STEP_UM = 8.0  # Ours, where no tissue mask sets it.
_MOST_SIDE = 6000


@dataclass(frozen=True)
class CountedArea:
    """What was searched, as a mask from the slide's corner.

    Attributes:
        mask: bool ``(h, w)``; None: the whole image, without a region or a tissue mask.
        um_per_px: ``(x, y)`` um per pixel of the mask.
        area_mm2: Area.
        bounds_um: ``(x1, y1, x2, y2)`` of the slide's scanned part and the region: where a window may lie.
        restricted: In words: ``'tissue in the region of interest'``, ``'tissue'``, ``'region of interest'`` or ``'whole image'``.
    """
    mask: np.ndarray | None
    um_per_px: tuple
    area_mm2: float
    bounds_um: tuple
    restricted: str


def counted_area(size: Sequence[int], um_per_px: Sequence[float], bounds: Sequence[int] | None = None, tissue: 'TissueMask | None' = None,
                 roi: 'Roi | None' = None) -> 'CountedArea':
    """Joins tissue and region.

    Args:
        size: ``(width, height)`` of the slide, level-0 px.
        um_per_px: ``(x, y)`` of level 0.
        bounds: ``(x, y, width, height)`` level-0 px of the scanned part; None: all.
        tissue: ``TissueMask`` with um/px, or None.
        roi: ``Roi`` or None; its area is that of its outline, times the share of its pixels in the mask that are tissue.
    """
    scale = np.asarray(um_per_px, np.float64)
    x, y, width, height = bounds or (0, 0, *size)
    low, high = np.array([x, y]) * scale, np.array([x + width, y + height]) * scale
    mask, step, words = None, (_STEP_UM, _STEP_UM), 'whole image'
    if tissue is not None:
        mask, step, words = tissue.mask, tissue.um_per_px, 'tissue'
    if roi is not None:
        corners = np.array([polygon.bounds for polygon in roi.polygons])
        low = np.maximum(low, corners[:, :2].min(axis=0) * scale)
        high = np.minimum(high, corners[:, 2:].max(axis=0) * scale)
        if mask is None:
            coarse = max(1.0, (np.array(size) * scale / _STEP_UM).max() / _MOST_SIDE)
            step = (_STEP_UM * coarse, _STEP_UM * coarse)
            shape = np.ceil(np.array(size) * scale / step).astype(int)[::-1]
        else:
            shape = mask.shape
        inside = _raster(roi.polygons, np.asarray(step) / scale, shape)
        mask, words = (inside, 'region of interest') if mask is None else (mask & inside, 'tissue in the region of interest')
        # The raster holds the outline's pixels, too, and would make a field of 400 um 4 % too large: only a share is taken of it.
        area = roi.area_px * scale.prod() / 1e6 * mask.sum() / inside.sum()
    elif mask is None:
        area = float((high - low).prod()) / 1e6
    else:
        area = float(mask.sum() * np.prod(step)) / 1e6
    return CountedArea(mask, tuple(map(float, step)), float(area), (*map(float, low), *map(float, high)), words)


def _raster(polygons, px_per_step, shape):
    """Pixels of a mask inside polygons with holes, bool ``(h, w)``."""
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:
        one = np.zeros(shape, np.uint8)
        # Pixel i of the mask has its centre at i + 0.5 steps.
        rings = [np.clip(np.round(np.asarray(ring.coords) / px_per_step - 0.5), 0, np.array(shape)[::-1] - 1).astype(np.int32)
                 for ring in (polygon.exterior, *polygon.interiors)]
        cv2.fillPoly(one, rings[:1], 1)
        for hole in rings[1:]:
            cv2.fillPoly(one, [hole], 0)
        mask |= one
    return mask.astype(bool)
