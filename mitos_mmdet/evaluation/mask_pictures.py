"""Masks drawn on a frame. numpy and scipy, no display."""

from collections.abc import Iterable, Sequence

import numpy as np
from pycocotools import mask as coco_mask
from scipy.ndimage import binary_dilation

GREEN = (0, 230, 118)  # as hits in ``plots``
_SQUARE = np.ones((3, 3), bool)


def draw_masks(image_rgb: np.ndarray, masks: Iterable[dict], colour: Sequence[int] = GREEN, width_px: int = 2) -> np.ndarray:
    """A frame with an outline around each mask; what lies inside stays as it is.

    Args:
        image_rgb: uint8 ``(H, W, 3)``; not changed.
        masks: COCO run lengths of that size, as in ``FrameMasks``; those of detections below a threshold are the caller's to leave out.
        colour: RGB, 0 to 255.
        width_px: Of the line, which lies just outside the mask (ours).

    Returns:
        np.ndarray: uint8 ``(H, W, 3)``.

    Raises:
        ValueError: Masks of another size than the image.
    """
    drawn = image_rgb.copy()
    for mask in masks:
        if list(mask['size']) != list(image_rgb.shape[:2]):
            raise ValueError(f"a mask of {mask['size'][1]} x {mask['size'][0]} px on an image of {image_rgb.shape[1]} x "
                             f'{image_rgb.shape[0]} px: give masks of this very frame')
        x, y, width, height = coco_mask.toBbox(mask).astype(int)
        rows, columns = (slice(max(0, low - width_px), low + side + width_px) for low, side in ((y, height), (x, width)))
        inside = coco_mask.decode(mask)[rows, columns].astype(bool)
        drawn[rows, columns][binary_dilation(inside, _SQUARE, width_px) & ~inside] = colour
    return drawn
