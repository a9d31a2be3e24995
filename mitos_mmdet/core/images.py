"""Frames from disk: their size, their pixel size, their pixels. Broken files raise, they never come back half grey."""

from pathlib import Path

import numpy as np
from PIL import Image

# A slide region is larger than Pillow's guard against decompression bombs allows (7215 x 5412 px is 39 Mpx).
Image.MAX_IMAGE_PIXELS = None

_UM_PER_UNIT = {2: 25400.0, 3: 10000.0}  # TIFF ResolutionUnit: inch, centimetre
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
# Beyond these, a resolution tag is a scanner software's default (72 dpi is 353 um/px), not a microscope's (ours).
_PLAUSIBLE_UM_PER_PX = (0.05, 10.0)


class BrokenImageError(ValueError):
    """An image that is missing, unreadable or damaged; the message names it."""


def read_header(path):
    """Width, height and pixel size without decoding the pixels.

    Returns:
        tuple: ``(width, height, um_per_px)``; ``um_per_px`` is ``(x, y)`` from TIFF resolution tags, else None.

    Raises:
        BrokenImageError: Missing or not an image; the message names the file.
    """
    with _open(path) as image:
        return image.width, image.height, _um_per_px(image)


def read_rgb(path):
    """All pixels as uint8 ``(H, W, 3)`` RGB.

    Raises:
        BrokenImageError: Missing, not an image, or truncated; the message names the file.
    """
    with _open(path) as image:
        try:
            return np.array(image.convert('RGB'))
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise BrokenImageError(f'{path}: the image is damaged ({error}). Fetch or export it again') from error


def _open(path):
    path = Path(path)
    try:
        return Image.open(path)
    except FileNotFoundError as error:
        raise BrokenImageError(f'{path}: no such image. Check the image folder (data_root)') from error
    except (OSError, SyntaxError, ValueError) as error:
        reason = 'it is empty' if path.is_file() and path.stat().st_size == 0 else error.__class__.__name__
        raise BrokenImageError(f'{path}: not a readable image ({reason}). Fetch or export it again') from error


def _um_per_px(image):
    tags = getattr(image, 'tag_v2', None)
    unit = tags and _UM_PER_UNIT.get(tags.get(_RESOLUTION_UNIT, 2))
    if not unit:
        return None
    try:
        sizes = tuple(unit / float(tags[tag]) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    except (KeyError, ZeroDivisionError, TypeError):
        return None
    low, high = _PLAUSIBLE_UM_PER_PX
    return sizes if all(low <= size <= high for size in sizes) else None
