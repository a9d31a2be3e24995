"""Merges detections from overlapping tiles of a frame.

Shapes: T tiles, N boxes. Tiles and boxes are xyxy in px of the whole frame, x2 and y2 just outside. Sizes are (width, height).
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

# Ours. Detectors add a tile's offset in float32: what is closer than this to a threshold (px, IoU) counts as on it, so that two
# grids decide alike.
_SLACK = 1e-3
# Ours. Pairs of boxes compared at once: about 100 MB, however many boxes lie on one heap.
_PAIRS_AT_ONCE = 1_000_000


def touches_inner_border(boxes: np.ndarray, tiles: np.ndarray, frame_size: Sequence[int], border_px: float = 1.0) -> np.ndarray:
    """Which sides of each box lie at a side of its tile beyond which the frame goes on.

    Args:
        boxes: ``(N, 4)``.
        tiles: ``(N, 4)``, the tile each box was seen in.
        frame_size: ``(width, height)`` px.
        border_px: How near is touching (ours).

    Returns:
        np.ndarray: ``(N, 4)`` bool: left, top, right, bottom.
    """
    boxes, tiles = np.asarray(boxes).reshape(-1, 4), np.asarray(tiles).reshape(-1, 4)
    low = (tiles[:, :2] > 0) & (boxes[:, :2] - tiles[:, :2] <= border_px)
    high = (tiles[:, 2:] < np.asarray(frame_size)) & (tiles[:, 2:] - boxes[:, 2:] <= border_px)
    return np.concatenate([low, high], axis=1)


def merge_tiles(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, tiles: np.ndarray, frame_size: Sequence[int],
                iou_threshold: float = 0.5, merge_distance_px: float = 25.0, border_px: float = 1.0) -> np.ndarray:
    """The boxes that remain of those seen in a frame's tiles: one per mitotic figure, classes apart.

    A box that touches an inner border of its tile is a *part*, any other is *whole*. In this order:

    1. A part yields to a whole box of another tile that also holds the part's centroid, whatever the scores, if the two overlap
       by IoU, are near by centroid, or most (> 0.5) of the part lies in the whole box. That tile looked at the same place and
       saw all of it. A whole box in its own tile, or in one that ends at the seam, did not: against those the score decides, or
       a stray faint box beside a seam would take a sure one's place. The whole box may itself lose in step 2, to what is
       then the same object: so a part has no need to be near the winner of the wholes, and the grid does not show. Likewise a
       part that lies mostly in a part of another tile yields if that one is more than twice as large.
    2. By falling score, a box takes out every lower one that it overlaps by IoU or is near to.
    3. Parts that meet at a seam, or span the strip that two tiles share, are one object that no tile sees whole: the best of
       them stays, as it is. They are not fused: a union is no box that the model gave, and masks go by the same indices. The
       best part of an object of 50 px lies at most 25 px off; tiles that overlap by more than an object have no such parts.

    Nothing is dropped for its place alone: each box left out has one of its own class, near by, that stands for it.

    Args:
        boxes: ``(N, 4)`` float, frame coordinates.
        scores: ``(N,)``.
        labels: ``(N,)`` int.
        tiles: ``(N, 4)`` int, the tile each box was seen in.
        frame_size: ``(width, height)`` px.
        iou_threshold: In (0, 1]; above it two boxes are one object. 0.5: MIDOG Cascade R-CNN paper, NMS over tiles.
        merge_distance_px: Centroids nearer than this are one object. 25 (ours): no two of MIDOG++'s 11,937 mitotic figures are
            nearer than 26.5 px. 0 merges by IoU alone.
        border_px: How near to its tile's side a box touches it (ours).

    Returns:
        np.ndarray: ``(K,)`` int64 indices of what stays, by falling score; equal scores from top to bottom, then left to right.
        Neither the order of the input nor the order of the tiles shows in it. Empty in, empty out.

    Raises:
        ValueError: Lengths that differ, values that are not finite, a threshold out of range.
    """
    boxes, scores, labels, tiles = _checked(boxes, scores, labels, tiles)
    if not 0 < iou_threshold <= 1 or not 0 <= merge_distance_px < np.inf:
        raise ValueError(f'iou_threshold={iou_threshold} must lie in (0, 1], merge_distance_px={merge_distance_px} be 0 or more')
    order = _order(boxes, scores, labels, tiles)
    boxes, labels, tiles = boxes[order], labels[order], tiles[order]
    sides = touches_inner_border(boxes, tiles, frame_size, border_px)
    part = np.asarray(sides.any(axis=1))

    keep = np.zeros(len(boxes), bool)
    for label in np.unique(labels):
        rest = np.flatnonzero(labels == label)
        rest = rest[~_yields(boxes[rest], tiles[rest], part[rest], iou_threshold, merge_distance_px)]
        rest = rest[_suppress(boxes[rest], iou_threshold, merge_distance_px)]
        seam = rest[part[rest]]
        keep[rest] = True
        keep[seam] = _best_parts(boxes[seam], sides[seam], 2 * border_px)
    return order[keep]


def _checked(boxes, scores, labels, tiles):
    boxes = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    scores, labels = np.asarray(scores, dtype=np.float64).reshape(-1), np.asarray(labels).reshape(-1)
    tiles = np.asarray(tiles, dtype=np.int64).reshape(-1, 4)
    if not len(boxes) == len(scores) == len(labels) == len(tiles):
        raise ValueError(f'{len(boxes)} boxes with {len(scores)} scores, {len(labels)} labels, {len(tiles)} tiles: not one each')
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError('boxes and scores to merge must be finite numbers')
    # A box without area (clipped away at its tile) still has a place.
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + _SLACK)
    return boxes, scores, labels, tiles


def _order(boxes, scores, labels, tiles):
    """Indices by falling score, then by place in steps of a quarter px, off which whole and half px stay clear of rounding."""
    x1, y1, x2, y2 = np.floor(boxes * 4 + 0.3).T
    return np.lexsort([*tiles.T, labels, y2, x2, x1, y1, -scores])


def _yields(boxes, tiles, part, iou_threshold, distance):
    """Which boxes ``(N, 4)`` are parts of what another tile sees whole, or scraps of what it sees much more of: bool ``(N,)``."""
    centres, parts, stays = _centres(boxes), np.flatnonzero(part), np.ones(len(boxes), bool)
    for members, side in _by_size(boxes):
        reach = np.maximum(_iou_reach(boxes[parts], iou_threshold), max(distance, side))
        for i, j in _pairs(centres[parts], reach, centres[members], stays[parts]):
            i, j = parts[i], members[j]
            sees = ((centres[i] >= tiles[j, :2]) & (centres[i] <= tiles[j, 2:])).all(axis=1) & (tiles[i] != tiles[j]).any(axis=1)
            i, j = i[sees], j[sees]
            a, b, whole = boxes[i], boxes[j], ~part[j]
            shared = _shared(a, b).prod(axis=1)
            within = (shared > 0.5 * _area(a)) & (whole | (_area(a) < 0.5 * _area(b)))
            stays[i[within | (whole & _same(a, b, shared, iou_threshold, distance))]] = False
    return ~stays


def _suppress(boxes, iou_threshold, distance):
    """Greedy suppression of boxes ``(N, 4)``, best first: bool ``(N,)``, which stay."""
    alive = np.ones(len(boxes), bool)
    centres = _centres(boxes)
    for i, j in _pairs(centres, np.maximum(_iou_reach(boxes, iou_threshold), distance), centres, alive):
        later = (j > i) & alive[j]
        i, j = i[later], j[later]
        same = _same(boxes[i], boxes[j], _shared(boxes[i], boxes[j]).prod(axis=1), iou_threshold, distance)
        i, j = i[same], j[same]
        winners, starts = np.unique(i, return_index=True)
        for winner, start, end in zip(winners, starts, [*starts[1:], len(j)], strict=False):
            if alive[winner]:
                alive[j[start:end]] = False
    return alive


def _best_parts(boxes, sides, gap_px):
    """Of parts ``(P, 4)``, best first, that make one object across a seam only the first: bool ``(P,)``, which stay."""
    links = []
    for members, side in _by_size(boxes):
        reach = np.hypot(*((boxes[:, 2:] - boxes[:, :2] + side) / 2 + gap_px).T)
        for i, j in _pairs(_centres(boxes), reach, _centres(boxes[members])):
            j = members[j]
            linked = _one_figure(boxes[i], sides[i], boxes[j], sides[j], gap_px)
            links.append(np.stack([i[linked], j[linked]]))
    if not links:
        return np.ones(len(boxes), bool)
    i, j = np.concatenate(links, axis=1)
    _, group = connected_components(coo_array((np.ones(len(i), bool), (i, j)), shape=(len(boxes), len(boxes))), directed=False)
    first = np.zeros(len(boxes), bool)
    first[np.unique(group, return_index=True)[1]] = True
    return first


def _one_figure(a, a_sides, b, b_sides, gap_px):
    """Which pairs of parts ``(M, 4)`` go on in each other.

    That is, along each axis across a seam or side by side, and across a seam in one at least, so that the parts in four tiles
    that meet at a corner are one. Across a seam: one ends at its tile's border where, or after, the other begins at its own, and
    neither span holds the other. Side by side: their spans share more than half of what they cover together.
    """
    a_low, a_high, b_low, b_high = a[:, :2], a[:, 2:], b[:, :2], b[:, 2:]
    a_first = a_sides[:, 2:] & b_sides[:, :2] & (b_low - a_high <= gap_px) & (a_low < b_low) & (a_high < b_high)
    b_first = b_sides[:, 2:] & a_sides[:, :2] & (a_low - b_high <= gap_px) & (b_low < a_low) & (b_high < a_high)
    beside = _shared(a, b) > 0.5 * (np.maximum(a_high, b_high) - np.minimum(a_low, b_low))
    across = a_first | b_first
    return (across | beside).all(axis=1) & across.any(axis=1)


def _pairs(queries, radii, targets, alive=None):
    """Index pairs ``(i, j)`` of queries ``(Q, 2)`` and targets ``(R, 2)`` within ``radii`` ``(Q,)``, by rising i, in portions.

    Args:
        alive: Bool ``(Q,)`` that the caller may change between portions: a query that is false when its turn comes is left out.
    """
    if not len(queries) or not len(targets):
        return
    tree = cKDTree(targets)
    ends = np.cumsum(tree.query_ball_point(queries, radii, return_length=True))
    start = 0
    while start < len(queries):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side='right')))
        rows = np.arange(start, stop)
        rows = rows if alive is None else rows[alive[start:stop]]
        if len(rows):
            found = tree.query_ball_point(queries[rows], radii[rows])
            yield np.repeat(rows, [len(row) for row in found]), np.concatenate(found).astype(np.int64)
        start = stop


def _by_size(boxes):
    """Boxes by the power of two above their longer side: ``(members, side)``, so that one large box widens no other's search."""
    power = np.ceil(np.log2((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=_SLACK)))
    for value in np.unique(power):
        yield np.flatnonzero(power == value), 2.0 ** value


def _iou_reach(boxes, iou_threshold):
    """How far away, ``(N,)`` px, the centre of a box can be that overlaps each by more than the IoU threshold.

    Along an axis a box of width w shares at least t max(w, v) with such a box of width v, where v lies between t w and w / t: the
    centres are (w + v) / 2 - t max(w, v) apart at most.
    """
    t = iou_threshold
    return np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T) * max(1 - t, 0.5 / t - 0.5)


def _same(a, b, shared, iou_threshold, distance):
    """Which pairs ``(M, 4)``, with their shared areas ``(M,)``, are one object by IoU or by distance."""
    iou = shared / (_area(a) + _area(b) - shared)
    near = np.hypot(*(_centres(a) - _centres(b)).T) < distance - _SLACK
    return near | (iou > iou_threshold + _SLACK)


def _shared(a, b):
    """Width and height ``(M, 2)`` that pairs of boxes share."""
    return np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None)


def _area(boxes):
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)


def _centres(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2
