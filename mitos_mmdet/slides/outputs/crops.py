"""Pictures for pages: JPEG as data URIs, cut from a slide at a given resolution."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

if TYPE_CHECKING:
    from mitos_mmdet.slides.slide import Slide

CROP_UM = 44.0  # Ours: a mitotic figure is about 10 to 15 um wide, and its surroundings decide.
CROP_PX = 176  # 0.25 um/px
_TILE = 1024
MOST_PX = 60_000_000  # Ours: 3.7 mm2 at 0.25 um/px; a larger hotspot is shown coarser, and the page says so.


@dataclass(frozen=True)
class Mosaic:
    """A region as tiles: ``tiles`` ``[(x, y, width, height, data URI)]`` in px of ``width`` x ``height``, at ``um_per_px``."""
    tiles: list
    width: int
    height: int
    um_per_px: float


def jpeg_uri(rgb: np.ndarray | Image.Image, quality: int = 85) -> str:
    """A data URI of an ``(h, w, 3)`` uint8 array or an image."""
    image, data = rgb if isinstance(rgb, Image.Image) else Image.fromarray(rgb), io.BytesIO()
    image.save(data, format='JPEG', quality=quality)
    return 'data:image/jpeg;base64,' + base64.b64encode(data.getvalue()).decode()


def crop(slide: 'Slide', point: ArrayLike, um_per_px: Sequence[float], side_um: float = CROP_UM, px: int = CROP_PX) -> np.ndarray:
    """The surroundings of a point (level-0 px), white beyond the slide: uint8 ``(px, px, 3)``."""
    side = side_um / np.asarray(um_per_px)
    image = slide.read(*(np.asarray(point) - side / 2), *side, um_per_px=side_um / px)
    return image if image.shape[:2] == (px, px) else np.asarray(Image.fromarray(image).resize((px, px), Image.Resampling.BICUBIC))


def mosaic(slide: 'Slide', box_px: Sequence[float], um_per_px: Sequence[float], quality: int = 78, most_px: int = MOST_PX) -> 'Mosaic':
    """A region at full resolution, tile by tile, so that it is never held whole.

    Args:
        slide: ``Slide``.
        box_px: ``(x1, y1, x2, y2)`` level-0 px.
        um_per_px: ``(x, y)`` of level 0.
        quality: Of the JPEG tiles.
        most_px: Where the region has more px, it is read coarser.
    """
    x1, y1, x2, y2 = box_px
    size_um = np.array([x2 - x1, y2 - y1]) * um_per_px
    scale = max(float(np.mean(um_per_px)), float(np.sqrt(size_um.prod() / most_px)))
    width, height = (max(1, round(side / scale)) for side in size_um)
    # Level-0 px per px of the mosaic.
    ratio = (x2 - x1) / width, (y2 - y1) / height
    tiles = []
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            # One px more than a tile's share: where tiles only touch, browsers show the seam.
            across, down = min(_TILE + 1, width - left), min(_TILE + 1, height - top)
            image = slide.read(x1 + left * ratio[0], y1 + top * ratio[1], across * ratio[0], down * ratio[1],
                               um_per_px=tuple(side * step for side, step in zip(um_per_px, ratio, strict=True)))
            tiles.append((left, top, across, down, jpeg_uri(image, quality)))
    return Mosaic(tiles, width, height, scale)
