"""Candidates: the regions of a probability map, and the patches around them. numpy and scipy alone.

Coordinates are px with x first. Boxes are ``(N, 4)`` xyxy, x2 and y2 just outside; centres ``(N, 2)`` cxcy. Empty in, empty out.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

PAD_VALUE = 255  # Ours: white, as the glass beside the tissue.
_TOUCHING = np.ones((3, 3), bool)  # Ours: pixels that meet at a corner are one region.


def find_candidates(probability: np.ndarray, threshold: float = 0.5, min_area_px: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Connected components of what a map marks.

    Args:
        probability: ``(H, W)``, of a mitotic figure at each pixel.
        threshold: Pixels of at least this probability are marked (ours: 0.5).
        min_area_px: Smaller components are left out (ours: 1 keeps all).

    Returns:
        tuple: Bounding boxes ``(N, 4)`` float32 and scores ``(N,)`` float32, the highest probability in each component; from top to bottom.
    """
    probability = np.asarray(probability)
    regions, count = ndimage.label(probability >= threshold, _TOUCHING)
    numbers = np.arange(1, count + 1)
    spans = ndimage.find_objects(regions)
    boxes = np.array([[x.start, y.start, x.stop, y.stop] for y, x in spans], np.float32).reshape(-1, 4)
    scores = np.asarray(ndimage.maximum(probability, regions, numbers), np.float32).reshape(-1)
    large = np.bincount(regions.ravel(), minlength=count + 1)[1:] >= min_area_px
    return boxes[large], scores[large]


def patch_corners(centres: ArrayLike, size: int) -> np.ndarray:
    """Top left corners ``(N, 2)`` int64 xy of square patches of ``size`` px around ``centres`` ``(N, 2)``; they may lie outside."""
    return np.floor(np.asarray(centres, np.float64).reshape(-1, 2) - size / 2 + 0.5).astype(np.int64)


def cut_patches(frame: np.ndarray, centres: ArrayLike, size: int) -> np.ndarray:
    """Square patches around centres; what lies beyond the frame is white.

    Args:
        frame: uint8 ``(3, H, W)``.
        centres: ``(N, 2)`` px of the frame, also outside it.
        size: Side in px.

    Returns:
        np.ndarray: uint8 ``(N, 3, size, size)``.
    """
    corners = patch_corners(centres, size)
    patches = np.full((len(corners), len(frame), size, size), PAD_VALUE, frame.dtype)
    limits = np.array([frame.shape[2], frame.shape[1]])
    starts, stops = np.clip(corners, 0, limits), np.clip(corners + size, 0, limits)
    for patch, (x, y), (x1, y1), (x2, y2) in zip(patches, corners.tolist(), starts.tolist(), stops.tolist(), strict=True):
        patch[:, y1 - y:y2 - y, x1 - x:x2 - x] = frame[:, y1:y2, x1:x2]
    return patches
