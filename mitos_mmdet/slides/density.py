"""Density map: mitotic figures per mm2, smoothed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

SIGMA_UM = 400.0  # Ours: a circle of 2 mm2 then reaches to two sigma.
_MOST_SIDE = 1000  # Ours: cells along the longer side.


@dataclass(frozen=True)
class DensityMap:
    """``per_mm2`` float32 ``(h, w)`` in cells of ``um_per_cell`` ``(x, y)`` from the slide's corner; ``sigma_um`` of its Gaussian."""
    per_mm2: np.ndarray
    um_per_cell: tuple
    sigma_um: float


def density_map(points_um: ArrayLike, size_um: Sequence[float] | np.ndarray, sigma_um: float | None = None) -> 'DensityMap':
    """Smooths points to a density.

    Near the slide's border the Gaussian is divided by its share inside, so that a border does not look empty.

    Args:
        points_um: ``(n, 2)`` um from the slide's corner.
        size_um: ``(width, height)`` um of the slide.
        sigma_um: Width of the Gaussian; None: 400 um, on small images 15 % of the shorter side (ours).

    Returns:
        DensityMap: All 0 where there are no points.
    """
    size = np.asarray(size_um, np.float64)
    sigma_um = sigma_um or min(SIGMA_UM, 0.15 * size.min())
    step = max(sigma_um / 8, size.max() / _MOST_SIDE)
    cells = np.maximum(1, np.ceil(size / step)).astype(int)
    step = size / cells
    points = np.asarray(points_um, np.float64).reshape(-1, 2)
    place = np.clip((points / step).astype(int), 0, cells - 1)
    counts = np.zeros(cells[::-1])
    np.add.at(counts, (place[:, 1], place[:, 0]), 1)
    sigma = (sigma_um / step)[::-1]
    inside = gaussian_filter(np.ones_like(counts), sigma, mode='constant')
    smooth = gaussian_filter(counts, sigma, mode='constant') / np.maximum(inside, 1e-9)
    return DensityMap((smooth / (step.prod() / 1e6)).astype(np.float32), tuple(map(float, step)), float(sigma_um))
