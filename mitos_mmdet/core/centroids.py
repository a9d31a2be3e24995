"""Centroids and the boxes around them, in numpy alone.

Coordinates are pixels with x first. Centroids are ``(N, 2)`` cxcy, boxes ``(N, 4)`` xyxy, both float.
"""

import numpy as np
from numpy.typing import ArrayLike


def as_points(xy: ArrayLike, what: str) -> np.ndarray:
    """Points as float64 ``(N, 2)``; one point ``(2,)`` and nothing at all are fine.

    Args:
        xy: The points.
        what: They are, for the message.

    Raises:
        ValueError: Another shape: boxes or rows with a score would become points that are none.
    """
    points = np.asarray(xy, dtype=np.float64)
    if points.size and points.shape[-1:] != (2, ) or points.ndim > 2:
        raise ValueError(f'{what}: an array of shape {points.shape}. Give x and y of each point, shape (N, 2)')
    return points.reshape(-1, 2)


def centroids_to_boxes(centroids: ArrayLike, size_px: ArrayLike) -> np.ndarray:
    """Boxes of one size around centroids.

    Args:
        centroids: ``(N, 2)`` cxcy in px; empty is fine.
        size_px: Side in px, a number or ``(width, height)``.

    Returns:
        np.ndarray: ``(N, 4)`` xyxy float32, not clipped to any image.
    """
    centroids = np.asarray(centroids, dtype=np.float32).reshape(-1, 2)
    half = np.broadcast_to(np.asarray(size_px, dtype=np.float32), 2) / 2
    return np.concatenate([centroids - half, centroids + half], axis=1)


def boxes_to_centroids(boxes: ArrayLike) -> np.ndarray:
    """Centres ``(N, 2)`` cxcy of boxes ``(N, 4)`` xyxy; empty in, empty out."""
    boxes = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def clip_boxes(boxes: ArrayLike, width: int, height: int) -> np.ndarray:
    """Boxes ``(N, 4)`` xyxy cut at the borders of a ``width`` x ``height`` px image."""
    return np.clip(np.asarray(boxes, dtype=np.float32).reshape(-1, 4), 0, [width, height, width, height])


def centroids_inside(centroids: ArrayLike, width: int, height: int) -> np.ndarray:
    """Which of the centroids ``(N, 2)`` lie in the image: bool ``(N,)``; 0 is inside, ``width`` is not."""
    centroids = np.asarray(centroids, dtype=np.float64).reshape(-1, 2)
    return np.all((centroids >= 0) & (centroids < [width, height]), axis=1)
