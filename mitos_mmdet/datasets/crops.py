"""Training crops cut from frames by one affine map: where the labels land, and the pipeline's ``results`` of a crop.

Coordinates are those of COCO: pixel i covers i to i + 1.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmdet.structures.bbox import HorizontalBoxes
from numpy.typing import ArrayLike

_MARGIN_PX = 4  # ours: a centroid nearer to the crop's border, or beyond it, is no label


class LabelledImage(NamedTuple):
    """A frame or patch that crops are cut from.

    Attributes:
        pixels: uint8 ``(H, W, 3)`` RGB.
        points: Centroids ``(N, 2)`` xy px, float64.
        labels: ``(N,)`` class numbers.
        ignored: ``(N,)`` bool: neither objects nor background (COCO's crowds).
        info: Metainfo of its crops.
    """

    pixels: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    info: dict[str, Any]


def affine_to_crop(center: Sequence[float] | np.ndarray, size: int, angle: float = 0.0, scale: float = 1.0,
                   flip: bool = False) -> np.ndarray:
    """The affine map ``(2, 3)`` from frame px to crop px.

    Args:
        center: ``(x, y)`` px of the frame that lands in the crop's middle.
        size: Side of the crop in px.
        angle: Degrees, counterclockwise.
        scale: Crop px per frame px: above 1 enlarges.
        flip: Mirror from left to right, too.
    """
    cos, sin = scale * np.cos(np.deg2rad(angle)), scale * np.sin(np.deg2rad(angle))
    turn = np.array([[cos, sin], [-sin, cos]])
    if flip:
        turn = turn * [[-1], [1]]
    return np.column_stack([turn, size / 2 - turn @ np.asarray(center, float)])


def cut(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The crop uint8 ``(size, size, 3)`` of ``image`` by ``matrix``; beyond the image it is mirrored."""
    # OpenCV counts from the middles of pixels.
    matrix = np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2].sum(axis=1) / 2 - 0.5])
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def to_crop(points: ArrayLike, matrix: np.ndarray) -> np.ndarray:
    """Points ``(N, 2)`` xy px of the frame in px of the crop, float64."""
    return np.asarray(points, float).reshape(-1, 2) @ matrix[:, :2].T + matrix[:, 2]


def inside(points: np.ndarray, low: ArrayLike, high: ArrayLike, margin: float = _MARGIN_PX) -> np.ndarray:
    """Which of the points ``(N, 2)`` lie in ``low <= x, y < high``, ``margin`` px from its border."""
    return ((points >= np.asarray(low) + margin) & (points < np.asarray(high) - margin)).all(axis=1)


def crop_results(crop: np.ndarray, points: np.ndarray, labels: np.ndarray, ignored: np.ndarray, box_px: float, **metainfo: Any) -> dict:
    """What a pipeline gets after ``LoadAnnotations``.

    Args:
        crop: uint8 ``(S, S, 3)`` RGB.
        points: Centroids ``(N, 2)`` xy px of the crop, all inside.
        labels: ``(N,)`` class numbers.
        ignored: ``(N,)`` bool, as of ``LabelledImage``.
        box_px: Side of the boxes, clipped at the border.
        metainfo: Further keys: ``img_path``, ``um_per_px``, ``stain``, ...

    Returns:
        dict: ``img`` BGR, ``gt_bboxes`` xyxy px, ``gt_bboxes_labels``, ``gt_ignore_flags`` and shapes.
    """
    side = len(crop)
    points = np.asarray(points, np.float32).reshape(-1, 2)
    boxes = np.clip(np.concatenate([points - box_px / 2, points + box_px / 2], axis=1), 0, side)
    return dict(
        img=cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), img_shape=(side, side), ori_shape=(side, side), img_fields=['img'],
        gt_bboxes=HorizontalBoxes(boxes.astype(np.float32)), gt_bboxes_labels=np.asarray(labels, np.int64).reshape(-1),
        gt_ignore_flags=np.asarray(ignored, bool), **metainfo)
