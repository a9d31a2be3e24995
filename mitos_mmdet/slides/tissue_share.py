"""Share of tissue in a window anywhere on a slide, exact for the mask's pixels as squares."""

from collections.abc import Sequence

import cv2
import numpy as np
import scipy  # loads scipy.signal when it is used: half a second that rectangles need not wait for
from numpy.typing import ArrayLike


class TissueShare:
    """Answers how much of a window is tissue.

    Args:
        mask: bool ``(h, w)``, its first pixel at the slide's corner.
        um_per_px: ``(x, y)`` um per pixel of the mask.
    """

    def __init__(self, mask: np.ndarray, um_per_px: Sequence[float]):
        self.um_per_px = np.asarray(um_per_px, np.float64)
        self.shape = mask.shape
        self._mask = mask
        self._integral = cv2.integral(mask.astype(np.uint8))  # int32: a mask has far fewer than 2**31 px

    def of_rectangle(self, x: ArrayLike, y: ArrayLike, width: float, height: float) -> np.ndarray:
        """Share of tissue in rectangles at each of ``x`` ``(nx,)`` and each of ``y`` ``(ny,)`` um: float64 ``(ny, nx)``."""
        x, y = np.atleast_1d(x), np.atleast_1d(y)
        left, right = self._lines(x, 1), self._lines(x + width, 1)
        columns = self._between(left, right)
        top, bottom = self._lines(y, 0), self._lines(y + height, 0)
        rows = _mix(columns, bottom, 0) - _mix(columns, top, 0)
        return rows * self.um_per_px.prod() / (width * height)

    def of_circle(self, x: float, y: float, diameter: float) -> float:
        """Share of tissue in one circle with its bounding square at ``(x, y)`` um: of the mask's pixels with their centre inside."""
        radius = diameter / 2
        low = np.floor(np.array([x, y]) / self.um_per_px).astype(int)
        high = np.ceil(np.array([x + diameter, y + diameter]) / self.um_per_px).astype(int)
        columns, rows = np.arange(low[0], high[0]), np.arange(low[1], high[1])
        inside = (((columns + 0.5) * self.um_per_px[0] - x - radius)**2 + (((rows + 0.5) * self.um_per_px[1] - y - radius)**2)[:, None]
                  <= radius**2)
        known = (rows[:, None] >= 0) & (rows[:, None] < self.shape[0]) & (columns >= 0) & (columns < self.shape[1])
        tissue = self._mask[np.clip(rows, 0, self.shape[0] - 1)[:, None], np.clip(columns, 0, self.shape[1] - 1)] & known
        return float((tissue & inside).sum() / max(1, inside.sum()))

    def of_circles(self, diameter: float) -> np.ndarray:
        """Share of tissue in circles centred on every pixel of the mask, ``(h, w)``, to a pixel's rounding."""
        reach = np.ceil(diameter / 2 / self.um_per_px).astype(int)
        x = np.arange(-reach[0], reach[0] + 1) * self.um_per_px[0]
        y = np.arange(-reach[1], reach[1] + 1) * self.um_per_px[1]
        disc = (x**2 + (y**2)[:, None] <= (diameter / 2)**2).astype(np.float64)
        return scipy.signal.fftconvolve(self._mask.astype(np.float64), disc, mode='same') / disc.sum()

    def _lines(self, position, axis):
        """Position in um to (index before, fraction) in the integral, kept inside it: beyond the mask there is no tissue."""
        scaled = np.clip(position / self.um_per_px[1 - axis], 0, self.shape[axis])
        index = np.minimum(scaled.astype(int), self.shape[axis] - 1)
        return index, scaled - index

    def _between(self, left, right):
        return _mix(self._integral, right, 1) - _mix(self._integral, left, 1)


def _mix(values, place, axis):
    index, fraction = place
    fraction = fraction if axis == 1 else fraction[:, None]
    return np.take(values, index, axis) * (1 - fraction) + np.take(values, index + 1, axis) * fraction
