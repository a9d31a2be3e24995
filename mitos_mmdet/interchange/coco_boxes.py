"""What COCO boxes mean: x, y, width, height, unless they can only be corners."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike


def check_not_corners(boxes: ArrayLike, sizes: ArrayLike, path: str | Path) -> None:
    """Refuses boxes that are x1, y1, x2, y2.

    Args:
        boxes: ``(N, 4)`` as their file has them.
        sizes: ``(N, 2)`` width and height px of their images.
        path: The file, for the message.

    Raises:
        ValueError: Most boxes run far over the border as x, y, width, height, and all lie inside as corners.
    """
    boxes, sizes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4), np.asarray(sizes, dtype=np.float64).reshape(-1, 2)
    if not len(boxes):
        return
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    outside = (centres >= sizes).any(axis=1)
    corners = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) & ((boxes[:, :2] + boxes[:, 2:]) / 2 < sizes).all(axis=1)
    if 4 * outside.sum() > len(boxes) and corners.all():
        raise ValueError(f'{path}: as x, y, width, height the centres of {outside.sum()} of {len(boxes)} boxes lie outside their images, '
                         f'as x1, y1, x2, y2 all lie inside. Write x, y, width, height, as COCO has it')
