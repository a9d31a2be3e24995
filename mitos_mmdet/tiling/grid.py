"""Tiles of a frame, xyxy in px, x2 and y2 just outside."""

from collections.abc import Sequence

import numpy as np

REMAINDERS = ('drop', 'pad', 'shift')


def tile_grid(width: int, height: int, size: int | Sequence[int], overlap: int = 0, remainder: str = 'shift') -> np.ndarray:
    """Tiles of one size over a frame, row by row, none of them redundant.

    Args:
        width, height: The frame in px.
        size: Side of a tile in px, an int or ``(width, height)``.
        overlap: Px that neighbours share, at least (a shifted last tile shares more). For no mitotic figure to be cut in every
            tile, more than the largest. 0 is the MIDOG Cascade R-CNN paper's.
        remainder: What becomes of a last tile that would run over the border. ``'drop'``: left out (the paper's). ``'pad'``: it
            runs over and the caller pads. ``'shift'`` (ours): moved back to end at the border; a frame narrower than a tile
            gives a tile as narrow as the frame.

    Returns:
        np.ndarray: ``(T, 4)`` int64; ``(0, 4)`` where ``'drop'`` leaves nothing.

    Raises:
        ValueError: A size below 1, an overlap that is negative or not below the size, an unknown remainder.
    """
    if remainder not in REMAINDERS:
        raise ValueError(f"unknown remainder {remainder!r}: one of {', '.join(REMAINDERS)}")
    if width < 1 or height < 1:
        raise ValueError(f'a frame of {width} x {height} px has no tiles')
    tile_width, tile_height = size if isinstance(size, Sequence) else (size, size)
    if tile_width < 1 or tile_height < 1:
        raise ValueError(f'a tile of {tile_width} x {tile_height} px is none: give a size of at least 1 px')
    if not 0 <= overlap < min(tile_width, tile_height):
        raise ValueError(f'an overlap of {overlap} px does not fit tiles of {tile_width} x {tile_height} px: it must be 0 or '
                         f'more and less than the tile')
    return _product(_spans(width, tile_width, overlap, remainder), _spans(height, tile_height, overlap, remainder))


def equal_grid(width: int, height: int, columns: int, rows: int) -> np.ndarray:
    """``columns`` x ``rows`` tiles, equal to within a pixel, that cover the frame exactly and share nothing.

    Returns:
        np.ndarray: ``(T, 4)`` int64, row by row.

    Raises:
        ValueError: Fewer than one column or row, or more than the frame has pixels.
    """
    if not (1 <= columns <= width and 1 <= rows <= height):
        raise ValueError(f'a frame of {width} x {height} px cannot be cut into {columns} x {rows} tiles')
    xs, ys = (np.arange(parts + 1) * length // parts for length, parts in ((width, columns), (height, rows)))
    return _product(np.stack([xs[:-1], xs[1:]], axis=1), np.stack([ys[:-1], ys[1:]], axis=1))


def _spans(length, size, overlap, remainder):
    """``(n, 2)`` starts and ends of tiles along one axis."""
    step = size - overlap
    if remainder == 'drop':
        starts = np.arange(0, length - size + 1, step, dtype=np.int64)
        return np.stack([starts, starts + size], axis=1)
    starts = np.arange(1 + max(0, -(-(length - size) // step)), dtype=np.int64) * step
    if remainder == 'shift':
        size = min(size, length)
        starts[-1] = length - size
    return np.stack([starts, starts + size], axis=1)


def _product(xs, ys):
    """Tiles ``(T, 4)`` from spans along x ``(n, 2)`` and y ``(m, 2)``, row by row."""
    x, y = np.tile(xs, (len(ys), 1)), np.repeat(ys, len(xs), axis=0)
    return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
