"""Images from disk: their size, their pixel size, their pixels, whole or by region. Damaged files raise.

One reader for frames and slides. Pixels come as 8-bit RGB in the displayed orientation (EXIF and TIFF orientation are applied, as
image viewers and OpenCV do, so labels drawn on the displayed image fit); transparency is laid over white; of 16 bits the high byte counts.
What has no single meaning as an RGB image (stacks, animations, channels that are not colours, floats) is refused.
"""

from pathlib import Path

import numpy as np

from mitos_mmdet.core.image_errors import BrokenImageError, check_is_file, check_pixels, naming
from mitos_mmdet.core.pillow_image import PillowImage
from mitos_mmdet.core.tiff_image import TiffImage, is_tiff

__all__ = ['BrokenImageError', 'is_tiff', 'open_image', 'read_header', 'read_rgb']

_DARKEST = 16  # Of 256, ours: a 16-bit image wholly below holds 12 bits, and would be read as nearly black.


def open_image(path: str | Path) -> TiffImage | PillowImage:
    """Opens an image to read regions of it: ``with open_image(path) as image: image.read(0, x, y, width, height)``.

    TIFF is read by tiles or strips, other formats are decoded whole at the first read.

    Returns:
        A ``TiffImage`` or ``PillowImage``, both context managers: ``width``, ``height``, ``um_per_px``, ``levels``, ``read``.

    Raises:
        BrokenImageError: Missing, not an image, damaged; the message names the file.
    """
    path = Path(path)
    check_is_file(path)
    return TiffImage(path) if is_tiff(path) else PillowImage(path)


def read_header(path: str | Path) -> tuple:
    """Width, height and pixel size without decoding the pixels.

    Returns:
        tuple: ``(width, height, um_per_px)``; ``um_per_px`` is ``(x, y)`` where the file states a plausible one, else None.

    Raises:
        BrokenImageError: Missing or not an image; the message names the file.
    """
    with open_image(path) as image:
        return image.width, image.height, image.um_per_px


def read_rgb(path: str | Path) -> np.ndarray:
    """All pixels as uint8 ``(H, W, 3)`` RGB.

    Raises:
        BrokenImageError: Missing, not an image, truncated, without a meaning as RGB, or above the limit of ``MITOS_MAX_MPX``.
    """
    with open_image(path) as image, naming(path):
        if isinstance(image, PillowImage):
            pixels = image.read_all()
            check_range(path, pixels, image.bits)
            return pixels
        check_pixels(path, image.width, image.height)
        pixels = image.read(0, 0, 0, image.width, image.height)
        check_range(path, pixels, image.bits)
        return pixels


def check_range(path: str | Path, pixels: np.ndarray, bits: int) -> None:
    """Refuses the 12 bits of a camera in 16: their high byte, which counts, would show them as nearly black.

    Args:
        path: Of the image, for the message.
        pixels: uint8, all or a thumbnail of it.
        bits: Per sample in the file.

    Raises:
        BrokenImageError: All of them lie in the lowest sixteenth of the range.
    """
    if bits > 8 and pixels.max(initial=0) < _DARKEST:
        raise BrokenImageError(f'{path}: its {bits}-bit values use a sixteenth of their range at most, as a 12-bit camera writes them. '
                               f'Export it as 8-bit RGB')
