"""``Slide``: what every reader offers, and the resampling that they share.

Coordinates are px of level 0, x first, as continuous positions: pixel ``i`` covers ``[i, i + 1)``. A reader implements ``_read_level`` and
nothing else; choosing the level, resampling, white beyond the border and bounded memory are the same for all.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mitos_mmdet.slides.missing_size import missing_um_per_px
from mitos_mmdet.slides.resample import resample

WHITE = 255
_BLOCK_PX = 4_000_000  # Ours: 12 MB of RGB, and some four times as much while it is resampled.
_LONGEST_SIDE = 4_000_000  # px, ours: 1 m at 0.25 um/px
_LEVEL_TOLERANCE = 1.01  # Ours: a level 1 % coarser than asked for is used as it is (levels are seldom exact powers of two).


class SlideError(ValueError):
    """A slide that is missing, unreadable, damaged or unusable; the message names the file and the fix."""


class Slide:
    """An open slide. A context manager; one may be used by several threads.

    Attributes:
        path: ``Path`` of the file.
        size: ``(width, height)`` px of level 0.
        um_per_px: ``(x, y)`` um/px of level 0, None where neither the file nor the user says.
        levels: ``[(width, height, downsample), ...]``, finest first; the downsample is exact where sizes were rounded.
        bounds: ``(x, y, width, height)`` px of level 0 of the scanned area where the file states one (MRXS, SCN), else None.
        properties: What else the file says, ``{str: str}``; ``'vendor'`` always.
        notes: Sentences about how it was opened that a reader of its counts must know.
    """

    def __init__(self, path: str | Path, sizes: Sequence[tuple[int, int]], um_per_px: Sequence[float] | None = None,
                 bounds: Sequence[int] | None = None, properties: Mapping[str, str] | None = None,
                 downsamples: Sequence[float] | None = None):
        self.path = Path(path)
        if max(sizes[0]) > _LONGEST_SIDE:
            raise SlideError(f'{path}: announces {sizes[0][0]} x {sizes[0][1]} px, more than any slide has. Fetch or export it again')
        self.size = tuple(sizes[0])
        self.um_per_px = um_per_px
        self.bounds = bounds
        self.notes = []
        self.properties = {'vendor': 'unknown', **(properties or {})}
        stated = [None] * len(sizes) if downsamples is None else downsamples
        self._downsamples = [tuple(_exact_ratio(full, side, ratio) for full, side in zip(self.size, size, strict=True))
                             for size, ratio in zip(sizes, stated, strict=True)]
        self.levels = [(*size, sum(ratios) / 2) for size, ratios in zip(sizes, self._downsamples, strict=True)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Closes the file."""

    @property
    def no_um_per_px(self) -> str:
        """Why there is no um/px, as half a sentence."""
        return missing_um_per_px(self.properties)

    def _read_level(self, level, x, y, width, height):
        """uint8 ``(height, width, 3)`` RGB of whole px of a level; the region lies inside the level."""
        raise NotImplementedError

    def read(self, x: float, y: float, width: float, height: float, um_per_px: float | Sequence[float] | None = None) -> np.ndarray:
        """A region, resampled from the best level: the coarsest that is no coarser than what is asked for.

        Output pixel ``(i, j)`` covers level-0 px ``x + i * width / w'`` to ``x + (i + 1) * width / w'``, exactly, whatever level it
        comes from.
        Beyond the slide and where nothing was scanned, it is white.

        Args:
            x, y, width, height: Level-0 px; need not be whole numbers.
            um_per_px: What to resample to, a number or ``(x, y)``; None: level 0 as it is.

        Returns:
            ndarray: uint8 ``(h', w', 3)`` RGB, ``w' = round(width * own um/px / um_per_px)``, at least 1.

        Raises:
            SlideError: The file is damaged there; um/px asked of a slide that has none; an empty region.
        """
        if not (width > 0 and height > 0 and all(map(math.isfinite, (x, y, width, height)))):
            raise SlideError(f'{self.path}: the region {x}, {y}, {width} x {height} px is empty')
        columns, rows = (max(1, round(side / scale)) for side, scale in zip((width, height), self._scales(um_per_px), strict=True))
        return self._read_to(x, y, width, height, columns, rows)

    def thumbnail(self, max_side: int, region: Sequence[float] | None = None) -> np.ndarray:
        """The whole slide, or a region ``(x, y, width, height)`` of it, with its longer side at most ``max_side`` px, never enlarged.

        Returns:
            ndarray: uint8 ``(h, w, 3)`` RGB.
        """
        x, y, width, height = region or (0, 0, *self.size)
        scale = max(1.0, max(width, height) / max_side)
        columns, rows = (max(1, round(side / scale)) for side in (width, height))
        return self._read_to(x, y, width, height, columns, rows)

    def _scales(self, um_per_px):
        """Level-0 px per output px, along x and y."""
        if um_per_px is None:
            return 1.0, 1.0
        if self.um_per_px is None:
            raise SlideError(f'{self.path}: {self.no_um_per_px}. Give it by --um-per-px (or the manifest\'s column um_per_px)')
        asked = tuple(um_per_px) if isinstance(um_per_px, (tuple, list, np.ndarray)) else (um_per_px, um_per_px)
        if not all(math.isfinite(side) and side > 0 for side in asked):
            raise SlideError(f'{self.path}: cannot be read at {um_per_px} um/px')
        return tuple(side / own for side, own in zip(asked, self.um_per_px, strict=True))

    def _read_to(self, x, y, width, height, columns, rows):
        """The region as ``columns`` x ``rows`` px, block by block so that memory stays bounded whatever its size."""
        scale_x, scale_y = width / columns, height / rows
        level = self._best_level(scale_x, scale_y)
        own_x, own_y = self._downsamples[level]
        step_x, step_y = scale_x / own_x, scale_y / own_y  # px of the level per output px
        # Whole rows where they fit, as slides are stored; else as many columns as fit.
        wide = max(1, min(columns, int(_BLOCK_PX / (3 * step_y + 4) / max(step_x, 1))))
        high = max(1, min(rows, int(_BLOCK_PX / (wide * step_x + 4) / max(step_y, 1))))
        out = np.empty((rows, columns, 3), np.uint8)
        for top in range(0, rows, high):
            for left in range(0, columns, wide):
                bottom, right = min(top + high, rows), min(left + wide, columns)
                box = (x / own_x + left * step_x, y / own_y + top * step_y, x / own_x + right * step_x, y / own_y + bottom * step_y)
                out[top:bottom, left:right] = resample(lambda *region: self._read_padded(level, *region), box, right - left, bottom - top)
        return out

    def _best_level(self, scale_x, scale_y):
        """The coarsest level that is no coarser than so many level-0 px per output px."""
        return max(index for index, (ratio_x, ratio_y) in enumerate(self._downsamples)
                   if index == 0 or (ratio_x <= scale_x * _LEVEL_TOLERANCE and ratio_y <= scale_y * _LEVEL_TOLERANCE))

    def _read_padded(self, level, x, y, width, height):
        """Whole px of a level; white beyond its border."""
        full_width, full_height = self.levels[level][:2]
        left, top, right, bottom = max(0, x), max(0, y), min(full_width, x + width), min(full_height, y + height)
        if (left, top, right, bottom) == (x, y, x + width, y + height):
            return self._read_level(level, x, y, width, height)
        out = np.full((height, width, 3), WHITE, np.uint8)
        if left < right and top < bottom:
            out[top - y:bottom - y, left - x:right - x] = self._read_level(level, left, top, right - left, bottom - top)
        return out


def _exact_ratio(full, side, stated=None):
    """How much smaller a level is: the whole number whose quotient was rounded to its size, as scanners and libvips make levels; else
    the quotient. Where several are possible (a level of few px), that nearest to what the file states.
    """
    whole = max(1, round(stated or full / side))
    return float(whole) if math.floor(full / whole) <= side <= math.ceil(full / whole) else full / side
