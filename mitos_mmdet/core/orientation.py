"""EXIF and TIFF orientation: regions of the displayed image in the stored one."""

import numpy as np

TURNED = (5, 6, 7, 8)  # orientations that swap width and height


def stored_region(orientation: int, width: int, height: int, x: int, y: int, across: int, down: int) -> tuple:
    """Where a region of the displayed image lies in the stored one, ``width`` x ``height`` px."""
    if orientation in TURNED:
        x, y, across, down = y, x, down, across
    if orientation in (2, 3, 7, 8):
        x = width - x - across
    if orientation in (3, 4, 6, 7):
        y = height - y - down
    return x, y, across, down


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A stored region as it is displayed."""
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if orientation in TURNED:
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(pixels)
