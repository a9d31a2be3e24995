"""Masks drawn around centroids, as polygons. numpy alone.

A weak label is a point; the Mask R-CNN paper on TUPAC16 (2020), section 3.3, draws a circle or an ellipse of random size around it.
Polygons are ``(V, 2)`` float xy, not closed, relative to the centroid and in whatever unit the sizes have.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

SHAPES = ('circle', 'ellipse', 'random')
# Ours: the polygon has 99.6 % of the ellipse's area, and the extremes of a circle are among its points.
_POINTS = 40


def stable_generator(seed: int, name: str, centroid: Sequence[float] | np.ndarray) -> np.random.Generator:
    """A random generator that is determined by its arguments, not by process, platform or order.

    Args:
        seed: An int.
        name: What the centroid's coordinates belong to, as the file name of its frame.
        centroid: ``(x, y)``; equal to a thousandth is equal.

    Returns:
        np.random.Generator
    """
    x, y = (round(float(value), 3) + 0.0 for value in centroid)  # + 0.0: -0.0 is 0.0
    digest = hashlib.sha256(f'{seed}/{name}/{x:.3f}/{y:.3f}'.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], 'little'))


def draw_shape(shape: str, rng: np.random.Generator, radius: Sequence[float], half_axes: Sequence[float],
               angles: Sequence[float]) -> np.ndarray:
    """A polygon ``(V, 2)`` around (0, 0).

    Args:
        shape: ``'circle'``, ``'ellipse'``, or ``'random'`` for either with equal chance.
        rng: ``np.random.Generator``.
        radius: ``(low, high)`` of a circle.
        half_axes: ``(low, high)`` of both half-axes of an ellipse, drawn one by one.
        angles: Directions of its first axis in degrees, one of which is drawn.

    Raises:
        ValueError: No such shape.
    """
    if shape not in SHAPES:
        raise ValueError(f"unknown shape {shape!r}: one of {', '.join(SHAPES)}")
    if shape == 'random':
        shape = SHAPES[rng.integers(2)]
    if shape == 'circle':
        low, high = radius
        r = rng.uniform(low, high)
        return ellipse(r, r, 0)
    low, high = half_axes
    first, second = rng.uniform(low, high, 2)
    return ellipse(first, second, rng.choice(angles))


def ellipse(a: float, b: float, angle: float) -> np.ndarray:
    """The polygon ``(V, 2)`` of an ellipse around (0, 0).

    Args:
        a, b: Half-axes.
        angle: Of half-axis ``a`` in degrees, from the x axis towards the top of the image: 90 is upright.
    """
    t, turn = np.arange(_POINTS) * (2 * np.pi / _POINTS), np.deg2rad(angle)
    along, across = a * np.cos(t), b * np.sin(t)
    # y grows downwards, so the turn towards the top is a negative one.
    return np.stack([along * np.cos(turn) + across * np.sin(turn), across * np.cos(turn) - along * np.sin(turn)], axis=1)


def polygons_to_boxes(masks: Iterable[Sequence[np.ndarray]]) -> np.ndarray:
    """Tight boxes ``(N, 4)`` xyxy float32 of masks, each a list of polygons ``(V, 2)``; empty in, empty out."""
    corners = [(points.min(axis=0), points.max(axis=0)) for points in map(np.concatenate, masks)]
    return np.array(corners, dtype=np.float32).reshape(-1, 4)
