"""The pixels of a frame for cutting and measuring: small frames whole, large ones by region where their format allows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mitos_mmdet.core.images import open_image, read_rgb
from mitos_mmdet.stain.estimation import sample_pixels

WHOLE_PX = 64_000_000  # Ours: 190 MB; a MIDOG region has 39 million.
_BAND_PX = 16_000_000


class FramePixels:
    """A frame that is decoded once, or by tiles and strips (TIFF); a context manager.

    Args:
        path: The image.

    Raises:
        BrokenImageError: It cannot be read; also when it is read.
    """

    def __init__(self, path: str | Path):
        self._image = open_image(path)
        self.width, self.height = self._image.width, self._image.height
        self._whole = None
        if self.width * self.height <= WHOLE_PX:
            self._image.close()
            self._whole = read_rgb(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._image.close()

    def crop(self, xyxy: Sequence[int]) -> np.ndarray:
        """uint8 ``(h, w, 3)`` of what lies in the frame of a rectangle."""
        x1, y1, x2, y2 = max(0, xyxy[0]), max(0, xyxy[1]), min(self.width, xyxy[2]), min(self.height, xyxy[3])
        if self._whole is not None:
            return self._whole[y1:y2, x1:x2]
        return self._image.read(0, x1, y1, x2 - x1, y2 - y1)

    def sample(self, most: int | None) -> np.ndarray:
        """A pixel sample of the frame, ``(1, n, 3)``, for a stain estimate; read in bands if the frame is large."""
        pixels: Any = self._whole if self._whole is not None else _Rows(self)
        return sample_pixels(pixels, most)


class _Rows:
    """A frame that answers ``frame[rows, columns]`` by reading bands of rows."""

    def __init__(self, frame):
        self._frame, self.shape = frame, (frame.height, frame.width, 3)

    def __getitem__(self, places):
        rows, columns = places
        band = max(1, _BAND_PX // self._frame.width)
        out = np.empty((len(rows), 3), np.uint8)
        for top in range(0, self._frame.height, band):
            start, stop = np.searchsorted(rows, (top, top + band))
            if start < stop:
                pixels = self._frame.crop((0, top, self._frame.width, top + band))
                out[start:stop] = pixels[rows[start:stop] - top, columns[start:stop]]
        return out
