"""TIFF, OME-TIFF, PNG, JPEG, WebP, BMP and JPEG 2000, by the reader that frames have, too."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mitos_mmdet.core.images import BrokenImageError, check_range, is_tiff, open_image
from mitos_mmdet.slides.slide import Slide, SlideError


class FileReader(Slide):
    """An image file as a slide. TIFF is read by tiles or strips, at the levels it has; others are decoded whole at the first read."""

    def __init__(self, path: str | Path):
        try:
            self._image = open_image(path)
            vendor = 'tiff' if is_tiff(path) else 'image'
        except BrokenImageError as error:
            raise SlideError(str(error)) from error
        super().__init__(path, self._image.levels, um_per_px=self._image.um_per_px, properties=dict(vendor=vendor))

    def close(self) -> None:
        self._image.close()

    def thumbnail(self, max_side: int, region: Sequence[float] | None = None) -> np.ndarray:
        pixels = super().thumbnail(max_side, region)
        try:
            check_range(self.path, pixels, self._image.bits)
        except BrokenImageError as error:
            raise SlideError(str(error)) from error
        return pixels

    def _read_level(self, level, x, y, width, height):
        try:
            return self._image.read(level, x, y, width, height)
        except BrokenImageError as error:
            raise SlideError(str(error)) from error
