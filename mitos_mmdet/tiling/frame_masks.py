"""Masks of a whole frame, as COCO's run lengths: 350 bytes per mitotic figure where a bitmap of a 7215 x 5412 px frame takes 39 MB."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import DTypeLike
from pycocotools import mask as coco_mask


class FrameMasks:
    """N masks of one frame of ``height`` x ``width`` px.

    ``masks[2]`` is a COCO dict, ``size`` ``[height, width]`` and ``counts``, as pycocotools and ``CocoMetric`` take it; slices, lists and
    arrays of indices or bools give ``FrameMasks``. Rides along in an ``InstanceData``. mmdet's ``DumpDetResults`` and
    ``DetLocalVisualizer`` take it for what ``numpy`` and ``astype`` give them.

    Args:
        run_lengths: N of COCO's dicts, each of this height and width.
    """

    def __init__(self, run_lengths: Iterable[dict], height: int, width: int):
        self.run_lengths = list(run_lengths)
        self.height = height
        self.width = width

    def __len__(self):
        return len(self.run_lengths)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            return self.run_lengths[index]
        return FrameMasks([self.run_lengths[place] for place in np.arange(len(self))[index]], self.height, self.width)

    @classmethod
    def cat(cls, parts: 'Sequence[FrameMasks]') -> 'FrameMasks':
        """One ``FrameMasks`` of several, at least one, of the same frame."""
        return cls([mask for part in parts for mask in part.run_lengths], parts[0].height, parts[0].width)

    @property
    def areas(self) -> np.ndarray:
        """``(N,)`` int px."""
        return np.array([coco_mask.area(mask) for mask in self.run_lengths], dtype=np.int64)

    def to_ndarray(self) -> np.ndarray:
        """``(N, height, width)`` uint8, 0 or 1: large."""
        masks = np.empty((len(self), self.height, self.width), np.uint8)
        for place, mask in enumerate(self.numpy()):
            masks[place] = mask
        return masks

    def astype(self, dtype: DTypeLike) -> np.ndarray:
        """``to_ndarray`` of another dtype."""
        return self.to_ndarray().astype(dtype)

    def numpy(self) -> Iterator[np.ndarray]:
        """The masks one after another, uint8 ``(height, width)`` each, so that who only looks at each never has all."""
        return (coco_mask.decode(mask) for mask in self.run_lengths)

    def __repr__(self):
        return f'{type(self).__name__}({len(self)} masks, height={self.height}, width={self.width})'


def encode(mask: np.ndarray, offset: Sequence[int], frame_size: Sequence[int], scale: Sequence[float] = (1.0, 1.0)) -> dict:
    """The run lengths in a frame of a mask seen in one of its tiles. The frame itself is never laid out.

    Args:
        mask: Bool ``(h, w)``.
        offset: ``(x, y)`` px of the tile in the frame as the model saw it.
        frame_size: ``(width, height)`` px of the frame that the mask is to lie in; what runs over its border is cut off.
        scale: ``(x, y)``: how many times larger than that the model saw the frame. Each pixel takes what the model saw at its centre.

    Returns:
        dict: COCO's ``size`` ``[height, width]`` and ``counts`` (bytes), the very ones that pycocotools gives for the whole mask.
    """
    width, height = frame_size
    columns, rows = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    if not len(columns):
        return _run_lengths([], width, height)
    left, from_x = _sampled(columns[[0, -1]] + [0, 1], offset[0], scale[0], width)
    top, from_y = _sampled(rows[[0, -1]] + [0, 1], offset[1], scale[1], height)
    # Column by column, each closed by an empty pixel, as COCO counts.
    window = np.zeros((len(from_x), len(from_y) + 1), np.int8)
    window[:, :-1] = mask[np.ix_(from_y, from_x)].T
    edges = np.flatnonzero(np.diff(window.ravel(), prepend=0))
    column, row = np.divmod(edges, len(from_y) + 1)
    return _run_lengths((left + column) * height + top + row, width, height)


def _sampled(span, offset, scale, length):
    """The first pixel of a frame's axis of ``length`` px that a span of the tile reaches, and the tile's pixel behind each from there."""
    low, high = (span + offset) / scale
    pixels = np.arange(max(0, int(np.floor(low))), min(length, int(np.ceil(high))))
    behind = np.floor((pixels + 0.5) * scale).astype(int) - offset
    inside = (behind >= span[0]) & (behind < span[1])
    return (pixels[inside][0] if inside.any() else 0), behind[inside]


def _run_lengths(edges, width, height):
    """COCO's dict from the places where runs start and end by turns, counted down the columns."""
    edges = np.asarray(edges, dtype=np.int64)
    # A run that ends at the foot of a column goes on at the head of the next.
    joined = np.flatnonzero(edges[1:-1:2] == edges[2::2]) * 2 + 1
    edges = np.delete(edges, [*joined, *(joined + 1)])
    counts = np.diff(edges, prepend=0, append=width * height)
    counts = counts[:-1] if len(counts) > 1 and not counts[-1] else counts
    return coco_mask.frPyObjects(dict(size=[height, width], counts=counts.tolist()), height, width)
