"""Smooth random fields, the raw material of every texture of the sample. Fields are float32 ``(H, W)``."""

import numpy as np
from scipy import ndimage


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> np.ndarray:
    """Gaussian noise of mean 0 and standard deviation 1 that changes over about ``scale`` grid steps.

    Coarse fields are drawn on a coarse grid and enlarged: a wide filter on a fine grid costs seconds for the same picture.
    """
    step = max(1, int(scale / 2.5))
    coarse = tuple(-(-size // step) + 2 for size in shape)
    field = ndimage.gaussian_filter(rng.standard_normal(coarse, dtype=np.float32), scale / step, mode='wrap')
    field /= field.std() + 1e-6
    return field if coarse == shape else enlarge(field, shape, 1 / step)


def enlarge(field: np.ndarray, shape: tuple[int, int], step: float) -> np.ndarray:
    """Resamples ``field`` linearly to ``shape``; pixel ``i`` of the result lies at ``(i + 0.5) * step`` steps of ``field``."""

    def weights(size, limit):
        position = np.clip((np.arange(size, dtype=np.float32) + 0.5) * np.float32(step), 0, limit - 1.001)
        low = position.astype(np.intp)
        return low, (position - low).astype(np.float32)

    row, row_part = weights(shape[0], field.shape[0])
    column, column_part = weights(shape[1], field.shape[1])
    lines = field[row] * (1 - row_part)[:, None] + field[row + 1] * row_part[:, None]
    return lines[:, column] * (1 - column_part) + lines[:, column + 1] * column_part


class Texture:
    """A tile of noise that wraps round, from which small patches borrow a random window."""

    def __init__(self, rng: np.random.Generator, scale_px: float, size_px: int = 448):
        field = ndimage.gaussian_filter(rng.standard_normal((size_px, size_px), dtype=np.float32), scale_px, mode='wrap')
        self.tile = field / field.std()

    def window(self, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        """A random ``shape`` part of the tile."""
        rows, columns = ((rng.integers(side) + np.arange(size)) % side for side, size in zip(self.tile.shape, shape, strict=True))
        return self.tile[rows[:, None], columns]


def soft_step(value: np.ndarray, softness: float) -> np.ndarray:
    """0 far below zero, 1 far above, half at zero; ``softness`` is the half-width of the edge in the unit of ``value``."""
    return 0.5 + 0.5 * np.tanh(value / (2 * softness))
