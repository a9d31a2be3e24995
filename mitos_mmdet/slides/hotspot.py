"""The hotspot: the place of a counting window that holds the most mitotic figures.

The search is over all places, not over a raster: by a sweep for rectangles, around every detection for circles. Ties in the count go to
the greater sum of scores (to about 1e-6), then to the leftmost place, then to the topmost.

The demand for tissue is checked on the winner: if it holds, no window with enough tissue holds more. If it fails, a sweep cannot go on,
since the tissue under a window changes with every shift; then all places on a grid of the tissue mask's pixels are counted exactly, and
the best with enough tissue is taken. ``Hotspot.search`` says which of the two it was, and ``Hotspot.most_anywhere`` what a window holds
at most if tissue is left out of account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.core.centroids import as_points
from mitos_mmdet.slides.densest_circle import TOLERANCE_UM, densest_circle
from mitos_mmdet.slides.densest_rectangle import densest_rectangle
from mitos_mmdet.slides.densest_with_tissue import densest_with_tissue
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.tissue_share import TissueShare
from mitos_mmdet.slides.window import window_size_um

MIN_TISSUE = 0.5  # Ours: half of the window.
_NM = 1000  # Rectangles are searched in whole nanometres, so that "on the border" does not depend on rounding.
EXACT, GRID, WHOLE, TOO_LITTLE_TISSUE = 'exact', 'grid', 'whole', 'too little tissue'


@dataclass(frozen=True)
class Hotspot:
    """A placed window.

    Attributes:
        x_um, y_um, width_um, height_um: The window, or the bounding square of a circle; from the slide's corner.
        shape: ``'rectangle'`` or ``'circle'``.
        count: Detections inside; the border is inside.
        indices: int64 ``(count,)`` into the points given.
        area_mm2: Area of the window; smaller than asked for where the slide is.
        asked_mm2: Area asked for.
        tissue: Share of tissue in it, None without a mask.
        search: ``'exact'``; ``'grid'``: the best with enough tissue on a grid of ``step_um``; ``'whole'``: the window covers everything;
            ``'too little tissue'``: no window has the share asked for, and this is the densest one.
        most_anywhere: What a window of this size holds at most, tissue left out of account.
        step_um: Step of the grid, else None.
    """
    x_um: float
    y_um: float
    width_um: float
    height_um: float
    shape: str
    count: int
    indices: np.ndarray
    area_mm2: float
    asked_mm2: float
    tissue: float | None
    search: str
    most_anywhere: int
    step_um: float | None = None

    @property
    def per_mm2(self) -> float:
        """Detections per mm2 of the window."""
        return self.count / self.area_mm2

    @property
    def tissue_mm2(self) -> float:
        """Tissue in the window; all of it without a mask."""
        return self.area_mm2 * (1.0 if self.tissue is None else self.tissue)

    @property
    def box_um(self) -> tuple:
        """``(x1, y1, x2, y2)`` um."""
        return self.x_um, self.y_um, self.x_um + self.width_um, self.y_um + self.height_um

    def contains(self, points_um: np.ndarray) -> np.ndarray:
        """Which places ``(n, 2)`` lie in the window: bool ``(n,)``; its border is inside."""
        sides = np.array([self.width_um, self.height_um])
        offsets = 2 * (points_um - [self.x_um, self.y_um]) / sides - 1  # -1 to 1 from border to border
        return (np.abs(offsets) <= 1).all(axis=1) if self.shape == 'rectangle' else (offsets**2).sum(axis=1) <= 1


def find_hotspot(points_um: ArrayLike | Detections, area_mm2: float = 2.0, aspect: float = 4 / 3, shape: str = 'rectangle',
                 scores: ArrayLike | None = None, bounds_um: Sequence[float] | None = None, tissue: Any = None,
                 min_tissue: float = MIN_TISSUE) -> Hotspot | None:
    """Finds the hotspot.

    Args:
        points_um: ``(n, 2)`` um, x, y, or ``Detections``, which bring their scores and the bounds of their image. Those outside
            ``bounds_um`` do not count.
        area_mm2, aspect, shape: The window, see ``window_size_um``.
        scores: ``(n,)``, 0 to 1, which decide ties; None: ties go by place alone.
        bounds_um: ``(x1, y1, x2, y2)`` the window stays within: the slide or region. None: the image of ``Detections``; of bare points
            anywhere right of and below the slide's corner, so that the area may reach beyond a small image.
        tissue: With ``mask`` bool ``(h, w)`` from the slide's corner and ``um_per_px`` ``(x, y)``; None: no demand.
        min_tissue: Least share of tissue in the window.

    Returns:
        Hotspot: None where there is no point to count.

    Raises:
        ValueError: A window that is not one, a share outside 0 to 1, points that are not finite or not ``(N, 2)``, or another number
            of scores.
    """
    size = np.array(window_size_um(area_mm2, aspect, shape))
    if isinstance(points_um, Detections):
        scores = points_um.scores if scores is None else scores
        bounds_um = bounds_um or (0, 0, *np.multiply(points_um.size, points_um.um_per_px))
        points_um = points_um.points_um
    points = as_points(points_um, 'points_um')
    if scores is not None and len(scores) != len(points):
        raise ValueError(f'{len(points)} points but {len(scores)} scores. Give one score per point')
    if not 0 <= min_tissue <= 1:
        raise ValueError(f'min_tissue {min_tissue} must be a share from 0 to 1')
    if not np.isfinite(points).all():
        raise ValueError('points_um holds a coordinate that is not a number')
    if bounds_um is not None:
        within = ((points >= np.asarray(bounds_um[:2])) & (points <= np.asarray(bounds_um[2:]))).all(axis=1)
    else:
        within = np.ones(len(points), bool)
    if not within.any():
        return None
    kept = points[within]
    weights = np.ones(len(kept), np.int64) if scores is None else _weights(np.asarray(scores, np.float64)[within])
    if bounds_um is not None:
        low, high = np.array(bounds_um[:2]), np.array(bounds_um[2:])
    else:
        low, high = np.maximum(kept.min(0) - size, np.minimum(kept.min(0), 0)), kept.max(0) + size
    covers_all = bool((size >= high - low).all())
    size = np.full(2, min(*size, *(high - low))) if shape == 'circle' else np.minimum(size, high - low)
    search = _Search(kept, weights, size, low, high, shape)
    share = TissueShare(tissue.mask, tissue.um_per_px) if tissue is not None else None
    place, how, step = search.best(share, min_tissue)
    inside = search.inside(place)
    area = float(size.prod()) / 1e6 if shape == 'rectangle' else float(np.pi * (size[0] / 2)**2) / 1e6
    return Hotspot(*map(float, place), *map(float, size), shape, int(inside.sum()), np.flatnonzero(within)[inside], area, float(area_mm2),
                   None if share is None else search.tissue_in(share, place), WHOLE if covers_all and shape == 'rectangle' else how,
                   int(search.most), step)


class _Search:
    """One search; the places are top left corners of the window or of the circle's bounding square."""

    def __init__(self, points, weights, size, low, high, shape):
        self.points, self.weights, self.size, self.low, self.high, self.circle = points, weights, size, low, high, shape == 'circle'

    def best(self, share, min_tissue) -> tuple:
        """``(place, how it was found, step of the grid)``."""
        place = self._densest()
        self.most = self.inside(place).sum()
        if share is None:
            return self._centred(place), EXACT, None
        for candidate in (self._centred(place), place):
            if self.tissue_in(share, candidate) >= min_tissue - 1e-9:
                return candidate, EXACT, None
        found = densest_with_tissue(self.points, self.weights, self.size, self.low, self.high - self.size, share, min_tissue, self.circle)
        if found is None:
            return self._centred(place), TOO_LITTLE_TISSUE, None
        return np.array(found[:2]), GRID, found[2]

    def inside(self, place) -> np.ndarray:
        """bool ``(n,)``."""
        if self.circle:
            return np.hypot(*(self.points - place - self.size / 2).T) <= self.size[0] / 2 + TOLERANCE_UM
        points, corner, size = (_whole(each) for each in (self.points, place, self.size))
        return ((points >= corner) & (points <= corner + size)).all(axis=1)

    def tissue_in(self, share, place) -> float:
        if self.circle:
            return share.of_circle(*place, self.size[0])
        return float(share.of_rectangle(*place, *self.size)[0, 0])

    def _densest(self):
        last = np.maximum(self.high - self.size, self.low)
        if self.circle:
            half = self.size / 2
            return np.array(densest_circle(self.points, self.weights, half[0], (*(self.low + half), *(last + half)))) - half
        size, low, last = (_whole(each) for each in (self.size, self.low, last))
        # Rounding must not leave a point on the far border out of reach.
        last = np.maximum(last, _whole(self.points).max(axis=0) - size)
        low = np.minimum(low, _whole(self.points).min(axis=0))
        return np.array(densest_rectangle(_whole(self.points), self.weights, size, (*low, *last))) / _NM

    def _centred(self, place):
        """The window moved so that what it holds lies in its middle, if it then still holds all of it."""
        inside = self.inside(place)
        held = self.points[inside]
        moved = np.clip((held.min(axis=0) + held.max(axis=0) - self.size) / 2, self.low, np.maximum(self.high - self.size, self.low))
        return moved if self.inside(moved)[inside].all() else place


def _whole(um):
    return np.round(np.asarray(um) * _NM).astype(np.int64)


def _weights(scores):
    """Whole numbers that order sets of points by count first and sum of scores second."""
    digits = max(1, min(20, 60 - 2 * len(scores).bit_length()))
    second = np.round(np.clip(np.nan_to_num(scores), 0, 1) * (1 << digits)).astype(np.int64)
    return second + (np.int64(1) << (digits + len(scores).bit_length()))
