"""``TilePlan``: which tiles of a slide the model looks at, on a grid at the model's um/px."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.tiling.grid import tile_grid

if TYPE_CHECKING:
    from mitos_mmdet.slides.slide import Slide

_SAME_SCALE = 0.02  # Ours: a slide whose um/px is this near to the model's is read as it is, without resampling.


@dataclass(frozen=True)
class TilePlan:
    """Tiles of a slide. ``px`` without more are those of the model's um/px, counted from ``origin``.

    Attributes:
        tiles: ``(T, 4)`` int64 xyxy px, row by row; all of one size and inside the frame: the last ones are moved back, since the network
            never saw a border in training, be it white or a mirror image.
        frame: ``(width, height)`` px of the area that the grid covers.
        origin: ``(x, y)`` level-0 px of the grid's corner.
        scale: ``(x, y)`` level-0 px per px.
        area: ``(width, height)`` level-0 px that the grid covers.
    """

    tiles: np.ndarray
    frame: tuple
    origin: tuple
    scale: tuple
    area: tuple

    def to_level0(self, boxes: ArrayLike) -> np.ndarray:
        """Boxes ``(N, 4)`` px as level-0 px."""
        return np.asarray(boxes, np.float64).reshape(-1, 4) * np.tile(self.scale, 2) + np.tile(self.origin, 2)

    def inside(self, tile: np.ndarray) -> tuple:
        """``(left, top, right, bottom)`` px of a tile whose colours come from inside the area alone."""
        # Resampling mixes a border's px with what lies beyond.
        mixed = [int(ratio != 1.0) for ratio in self.scale]
        first = [edge if start == 0 else 0 for edge, start in zip(mixed, tile[:2].tolist(), strict=True)]
        last = [int(math.floor(side / ratio + 1e-6)) - edge - start
                for side, ratio, edge, start in zip(self.area, self.scale, mixed, tile[:2].tolist(), strict=True)]
        return *first, *last

    def region(self, tile: np.ndarray) -> tuple:
        """A tile as ``(x, y, width, height)`` level-0 px."""
        x1, y1, x2, y2 = self.to_level0(tile)[0].tolist()
        return x1, y1, x2 - x1, y2 - y1


def plan_tiles(slide: 'Slide', um_per_px: float, tile_size: int, overlap: int, divisor: int = 32) -> 'TilePlan':
    """Tiles over the scanned area of a slide, the whole of it.

    Tiles begin at multiples of ``divisor``, but for the last of a row or column, so that the network's strides fall on the same px
    whatever the tile size. They are
    as large as fits best: at most ``tile_size``, and no larger than covers the area with as few tiles.

    Args:
        slide: ``Slide`` with um/px.
        um_per_px: The model's.
        tile_size: Longest side of a tile in px.
        overlap: Px that neighbours share, at least.
        divisor: What sides and places of tiles are multiples of: the network's largest stride.

    Raises:
        ValueError: Sizes that cannot be.
    """
    if overlap < 0 or tile_size < overlap + divisor:
        raise ValueError(f'tiles of {tile_size} px with an overlap of {overlap} px: the tile must be at least {divisor} px larger')
    scale = tuple(1.0 if abs(um_per_px / own - 1) <= _SAME_SCALE else um_per_px / own for own in slide.um_per_px)
    x, y, width, height = slide.bounds or (0, 0, *slide.size)
    frame = tuple(max(1, math.ceil(side / ratio - 1e-6)) for side, ratio in zip((width, height), scale, strict=True))
    largest, overlap = tile_size // divisor * divisor, -(-overlap // divisor) * divisor
    size = tuple(_fitting(side, largest, overlap, divisor) for side in frame)
    return TilePlan(tile_grid(*frame, size, overlap, 'shift'), frame, (float(x), float(y)), scale, (width, height))


def _fitting(length, largest, overlap, divisor):
    count = max(1, -(-(length - overlap) // (largest - overlap)))
    best = -(-(length + (count - 1) * overlap) // (count * divisor)) * divisor
    return min(largest, max(best, overlap + divisor))
