"""The densest window with enough tissue, among the places of a grid. Counts and tissue are exact at each of them."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from mitos_mmdet.slides.densest_circle import TOLERANCE_UM, disc_totals

if TYPE_CHECKING:
    from mitos_mmdet.slides.tissue_share import TissueShare

_MOST_PLACES = 4_000_000  # Ours, 150 MB: in steps of the mask's 8 um about 20 x 15 mm; on larger slides steps double until it fits.
_MOST_CIRCLES = 250_000  # Ours: each costs a search of the tree.
_NM = 1000


def densest_with_tissue(points: np.ndarray, weights: np.ndarray, size: np.ndarray, low: np.ndarray, high: np.ndarray,
                        share: 'TissueShare', min_tissue: float, circle: bool) -> tuple | None:
    """Finds the place of the greatest weight among those with enough tissue.

    Args:
        points: float64 ``(n, 2)`` um.
        weights: int64 ``(n,)``.
        size: ``(width, height)`` um of the window, or of the circle's bounding square.
        low, high: ``(x, y)`` um: the top left corner stays between them.
        share: ``TissueShare``.
        min_tissue: Least share of tissue.
        circle: Whether the window is a circle.

    Returns:
        tuple: ``(x, y, step)`` um, the leftmost and then topmost of equal weight; None where no place has enough tissue.
    """
    step, most = float(share.um_per_px.max()), _MOST_CIRCLES if circle else _MOST_PLACES
    while np.prod(np.floor(np.maximum(high - low, 0) / step) + 2) > most:
        step *= 2
    x, y = (np.append(np.arange(low[axis], high[axis], step), high[axis]) for axis in (0, 1))
    totals = (_circles if circle else _rectangles)(points, weights, size, x, y, share, min_tissue)
    if totals.max(initial=-1) < 0:
        return None
    column, row = divmod(int(totals.T.argmax()), len(y))
    return float(x[column]), float(y[row]), step


def _rectangles(points, weights, size, x, y, share, min_tissue):
    """Weight at each place, ``(len(y), len(x))``, -1 with too little tissue."""
    totals = np.zeros((len(y) + 1, len(x) + 1), np.int64)
    first, last = [], []
    for axis, places in ((0, x), (1, y)):
        whole, coordinate = np.round(places * _NM).astype(np.int64), np.round(points[:, axis] * _NM).astype(np.int64)
        first.append(np.searchsorted(whole, coordinate - round(size[axis] * _NM), 'left'))
        last.append(np.searchsorted(whole, coordinate, 'right'))
    for columns, column_sign in ((first[0], 1), (last[0], -1)):
        for rows, row_sign in ((first[1], 1), (last[1], -1)):
            np.add.at(totals, (rows, columns), column_sign * row_sign * weights)
    totals = totals.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
    return np.where(share.of_rectangle(x, y, *size) >= min_tissue - 1e-9, totals, -1)


def _circles(points, weights, size, x, y, share, min_tissue):
    """As ``_rectangles``; the tissue of circles is looked up at the mask's pixel under their centre, and checked exactly for the best."""
    radius = size[0] / 2
    centres = np.stack(np.meshgrid(x + radius, y + radius), axis=-1)
    pixel = np.clip((centres / share.um_per_px).astype(int), 0, np.array(share.shape[::-1]) - 1)
    totals = np.full(centres.shape[:2], -1, np.int64)
    enough = share.of_circles(size[0])[pixel[..., 1], pixel[..., 0]] >= min_tissue - 0.01
    tree = KDTree(points)
    counts = tree.query_ball_point(centres[enough], radius + TOLERANCE_UM, return_length=True)
    rows, columns = np.nonzero(enough)
    for count in np.unique(counts)[::-1]:
        best = np.flatnonzero(counts == count)
        best = best[[share.of_circle(x[columns[each]], y[rows[each]], size[0]) >= min_tissue for each in best]]
        if len(best):
            totals[rows[best], columns[best]] = disc_totals(tree, centres[enough][best], weights, radius)
            break
    return totals
