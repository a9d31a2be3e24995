"""Regions with sub-pixel borders brought to whole pixels."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

_EXACT = 1e-6  # px: nearer to a whole number than this, a border is one.


def resample(read: Callable[[int, int, int, int], np.ndarray], box: Sequence[float], columns: int, rows: int) -> np.ndarray:
    """A region of an image as ``columns`` x ``rows`` px.

    Downsampling weighs the area (a Hamming window as wide as the factor: no aliasing), upsampling is bilinear. The filter sees the pixels
    beyond the region's border, so that neighbouring regions fit together without a seam.

    Args:
        read: ``read(x, y, width, height)`` gives uint8 ``(height, width, 3)`` of whole px, also beyond the image.
        box: ``(x1, y1, x2, y2)`` in the image's px, need not be whole numbers.
        columns, rows: Of the result.

    Returns:
        ndarray: uint8 ``(rows, columns, 3)``.
    """
    x1, y1, x2, y2 = (round(value) if abs(value - round(value)) < _EXACT else value for value in box)
    if (x2 - x1, y2 - y1) == (columns, rows) and x1 == int(x1) and y1 == int(y1):
        return read(int(x1), int(y1), columns, rows)
    scale_x, scale_y = (x2 - x1) / columns, (y2 - y1) / rows
    margin_x, margin_y = math.ceil(max(1.0, scale_x)) + 1, math.ceil(max(1.0, scale_y)) + 1
    left, top = math.floor(x1) - margin_x, math.floor(y1) - margin_y
    right, bottom = math.ceil(x2) + margin_x, math.ceil(y2) + margin_y
    # Pillow takes ten times as long for a view with gaps.
    pixels = np.ascontiguousarray(read(left, top, right - left, bottom - top))
    shrinks = scale_x > 1 or scale_y > 1
    return np.array(Image.fromarray(pixels).resize(
        (columns, rows), Image.Resampling.HAMMING if shrinks else Image.Resampling.BILINEAR,
        box=(x1 - left, y1 - top, x2 - left, y2 - top)))
