"""From the colours of a pixel to the concentrations of its two stains, and back with those of another slide.

Optical density is ``-log(RGB / 255)``; that of a pixel is its stains' unit vectors, each times its concentration (Beer, Lambert).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.stain.blocks import in_blocks
from mitos_mmdet.stain.stain_estimate import StainEstimate

# staintools': black counts as grey level 1, white as just above 0.
OPTICAL_DENSITY = np.maximum(-np.log(np.maximum(np.arange(256), 1) / 255), 1e-6).astype(np.float32)
# staintools' regularizer of its get_concentrations.
PENALTY = 0.01


class Lasso:
    """Two concentrations by non-negative lasso: ``min |od - c @ matrix|^2 / 2 + penalty * sum(c), c >= 0``, in closed form.

    Args:
        matrix: ``(2, 3)`` unit vectors.
        penalty: On the concentrations.

    Attributes:
        weights, shifts: Without ``c >= 0`` the solution is ``weights @ od + shifts``; ``(2, 3)`` and ``(2, 1)``.
    """

    def __init__(self, matrix: ArrayLike, penalty: float):
        matrix = np.array(matrix)
        gram = matrix @ matrix.T
        inverse = np.linalg.inv(gram)
        self.weights = inverse @ matrix
        self.shifts = -penalty * inverse.sum(axis=1, keepdims=True)
        self._overlap = np.float32(gram[0, 1])

    def without_negative(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The solution with ``c >= 0``: a stain that comes out negative is none, and the other explains what it can alone."""
        return np.stack([np.maximum(first + self._overlap * np.minimum(second, 0), 0),
                         np.maximum(second + self._overlap * np.minimum(first, 0), 0)])


class Unmixer:
    """Concentrations of the two stains of ``matrix``, ``(2, 3)``, in pixels: linear in optical density, so a sum of three values,
    one per colour, each from a table of 256.
    """

    def __init__(self, matrix: ArrayLike):
        self._lasso = Lasso(matrix, PENALTY)
        tables = self._lasso.weights[:, :, None] * OPTICAL_DENSITY
        tables[:, 0] += self._lasso.shifts
        self._tables = tables.astype(np.float32)

    def __call__(self, pixels: np.ndarray):
        """Haematoxylin and eosin, ``(2, H, W)`` float32, of uint8 ``(H, W, 3)`` RGB."""
        colours = cv2.split(pixels)
        return self._lasso.without_negative(*(_look_up(colours, tables) for tables in self._tables))


def _look_up(colours, tables):
    total = cv2.LUT(colours[0], tables[0])
    total += cv2.LUT(colours[1], tables[1])
    total += cv2.LUT(colours[2], tables[2])
    return total


def restain(image: np.ndarray, source: StainEstimate, target: StainEstimate) -> np.ndarray:
    """The image with the target's stains in place of the source's, its maxima scaled to the target's.

    Args:
        image: uint8 ``(H, W, 3)`` RGB.
        source, target: ``StainEstimate`` s of Macenko or Vahadane.

    Returns:
        np.ndarray: uint8 ``(H, W, 3)``. Fractions are cut off, as staintools does; beyond white is white.
    """
    scale = np.array(target.maxima) / source.maxima
    return mix(image, Unmixer(source.matrix), scale, (0, 0), target.matrix)


def mix(image: np.ndarray, unmixer: Unmixer, alpha: Sequence[float], beta: Sequence[float], matrix: ArrayLike) -> np.ndarray:
    """Colours of the concentrations ``alpha * c + beta`` in the stains of ``matrix``; ``alpha`` and ``beta`` are one per stain."""
    factors, added, vectors = (np.array(values, dtype=float) for values in (alpha, beta, matrix))
    weights, shifts = (-factors[:, None] * vectors).astype(np.float32), (-added @ vectors).astype(np.float32)

    def block(pixels, out):
        haematoxylin, eosin = unmixer(pixels)
        for colour in range(3):
            light = haematoxylin * weights[0, colour]
            light += eosin * weights[1, colour]
            light += shifts[colour]
            np.exp(light, out=light)
            light *= 255
            out[..., colour] = np.minimum(light, 255, out=light)
    return in_blocks(block, image)
