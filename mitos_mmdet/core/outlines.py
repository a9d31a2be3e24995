"""Outlines of cells given as lists of their pixels."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import binary_fill_holes
from skimage.measure import approximate_polygon, find_contours

# Points that lie this near the line through their neighbours go: a third of the file's size (ours).
_TOLERANCE_PX = 0.3


def outline_polygons(pixels: ArrayLike, width: int, height: int) -> list[list[float]]:
    """COCO polygons around a cell's pixels, one for each of its parts; holes are filled, as COCO polygons have none.

    Args:
        pixels: ``(N, 2)`` int ``(x, y)``, N >= 1.
        width, height: Of the image in px; the polygons stay inside.

    Returns:
        list[list[float]]: ``[x, y, x, y, ...]`` each, in COCO's coordinates, where pixel i covers i to i + 1.
    """
    pixels = np.asarray(pixels, dtype=int).reshape(-1, 2)
    offset = pixels.min(axis=0) - 1  # one px of background all around closes every contour
    columns, rows = (pixels - offset).T
    mask = np.zeros((rows.max() + 2, columns.max() + 2))
    mask[rows, columns] = 1
    polygons = []
    for contour in find_contours(binary_fill_holes(mask).astype(float), 0.5, fully_connected='high'):
        # find_contours counts from pixel centres, row first; 0.5 more is COCO's corner.
        corners = approximate_polygon(contour, _TOLERANCE_PX)[:-1, ::-1] + offset + 0.5
        corners = np.clip(corners, 0, [width, height])
        polygons.append([round(float(value), 2) for value in corners.ravel()])
    return polygons
