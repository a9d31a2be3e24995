"""The place of a circle that holds the greatest weight of points: an angular sweep over neighbours.

The places from which a circle holds a given set of points are the intersection of discs around these points with the box of allowed
centres. That is convex, so it has an extreme point: where two discs' borders cross, where one crosses the box's border, a corner
of the box, or, where it is one whole disc, any of its points. All such places are tried: crossings by sweeping once round every
point, counting the discs that cover its circle. For ``k`` neighbours within a diameter that takes O(n k log k).

To save most of that, a raster of cells bounds from above how many points a circle centred in a cell can hold; only points on whose
circle a cell remains that might equal the best cell centre are swept. Nothing that could be best is left out, so the result stays
exact.
"""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

TOLERANCE_UM = 1e-3  # Ours: a point 1 nm beyond the circle is inside, so that points on its border do not depend on rounding.
_WIDER = 1e-8  # rad, ours: 0.01 nm on a circle of 1 mm.
_CELLS = 8  # Ours: cells of the first bounding raster per radius; those that remain are divided further.
_MOST_CELLS = 400_000  # Ours: bounds time and memory on large slides with small circles.
_QUARTERS = np.stack(np.meshgrid(*[np.arange(-1.5, 2)] * 2), axis=-1).reshape(-1, 2)


def densest_circle(points: np.ndarray, weights: np.ndarray, radius: float, centres: Sequence[float]) -> tuple:
    """Finds the centre of the circle with the greatest sum of weights.

    Args:
        points: float64 ``(n, 2)`` um, x, y, with ``n >= 1``.
        weights: int64 ``(n,)``, all above 0; more points must always weigh more than fewer.
        radius: um; a circle is closed.
        centres: ``(x0, y0, x1, y1)`` um, where the centre may lie, borders included.

    Returns:
        tuple: ``(x, y)``, the centre. Among places of the same weight the leftmost, then the topmost of those tried.
    """
    points, box = np.asarray(points, np.float64), np.asarray(centres, np.float64)
    tree = KDTree(points)
    worth = _worth_sweeping(points, tree, radius, box)
    places = np.concatenate([
        _corners(box), np.clip(points, box[:2], box[2:]), _border_crossings(points, radius, box),
        *(_best_crossings(points[part], points, tree, weights, radius, box) for part in np.array_split(worth, len(worth) // 256 + 1))])
    counts = tree.query_ball_point(places, radius + TOLERANCE_UM, return_length=True)
    places = places[counts == counts.max()]
    totals = disc_totals(tree, places, weights, radius)
    best = places[totals == totals.max()]
    return tuple(best[np.lexsort((best[:, 1], best[:, 0]))[0]].tolist())


def disc_totals(tree: KDTree, centres: np.ndarray, weights: np.ndarray, radius: float) -> np.ndarray:
    """Sums of weights within the closed circles around ``centres`` ``(m, 2)``, int64 ``(m,)``."""
    totals = np.zeros(len(centres), np.int64)
    for start in range(0, len(centres), 4096):
        found = tree.query_ball_point(centres[start:start + 4096], radius + TOLERANCE_UM)
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        sums = np.concatenate([[0], np.cumsum(weights[np.concatenate(found).astype(np.int64)])])
        ends = np.cumsum(lengths)
        totals[start:start + 4096] = sums[ends] - sums[ends - lengths]
    return totals


def _worth_sweeping(points, tree, radius, box):
    """Indices of points on whose circle the best centre may lie."""
    side = np.maximum(box[2:] - box[:2], 1e-9)
    step = max(radius / _CELLS, float(np.sqrt(side.prod() / _MOST_CELLS)))
    counts = np.maximum(1, np.ceil(side / step)).astype(int)
    axes = [box[axis] + (np.arange(count) + 0.5) * side[axis] / count for axis, count in enumerate(counts)]
    cells, side = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 2), side / counts
    best = 0
    while True:
        reach = float(np.hypot(*side)) / 2
        most = tree.query_ball_point(cells, radius + reach + TOLERANCE_UM, return_length=True)
        densest = cells[np.argsort(-most, kind='stable')[:256]]
        best = max(best, tree.query_ball_point(densest, radius + TOLERANCE_UM, return_length=True).max())
        cells = cells[most >= best]
        if reach < radius / 500 or 16 * len(cells) > _MOST_CELLS:
            break
        side = side / 4
        cells = (cells[:, None] + _QUARTERS * side).reshape(-1, 2)
    distance, _ = KDTree(cells).query(points, distance_upper_bound=radius + reach + TOLERANCE_UM)
    return np.flatnonzero(np.isfinite(distance))


def _best_crossings(own, points, tree, weights, radius, box):
    """Where the circles around ``own`` cross those of their neighbours: per own point the places of the greatest weight in the box."""
    pairs = tree.query_ball_point(own, 2 * radius + TOLERANCE_UM)
    first = np.repeat(np.arange(len(own)), np.fromiter(map(len, pairs), np.int64, len(pairs)))
    second = np.concatenate([*pairs, []]).astype(np.int64)
    offset = points[second] - own[first]
    distance = np.hypot(*offset.T)
    apart = distance > 0
    first, second, offset, distance = first[apart], second[apart], offset[apart], distance[apart]
    towards = np.arctan2(offset[:, 1], offset[:, 0])
    # A trifle wider, far below the tolerance: circles that cross in one place must not miss each other by rounding.
    half = np.arccos(np.minimum(distance / (2 * radius), 1)) + _WIDER
    start, end = towards - half, towards + half
    # An arc over the jump at pi covers the sweep's beginning.
    begins = np.bincount(first, weights[second] * ((start < -np.pi) | (end > np.pi)), minlength=len(own)).astype(np.int64)
    angle = np.concatenate([start, end])
    angle = np.where(angle < -np.pi, angle + 2 * np.pi, np.where(angle > np.pi, angle - 2 * np.pi, angle))
    owner, change = np.tile(first, 2), np.concatenate([weights[second], -weights[second]])
    order = np.lexsort((np.repeat([0, 1], len(first)), angle, owner))
    owner, angle, change = owner[order], angle[order], change[order]
    sums = np.cumsum(change)
    ends = np.cumsum(np.bincount(owner, minlength=len(own)))
    before = np.concatenate([[0], sums])[np.concatenate([[0], ends[:-1]])]
    sums = sums - before[owner] + begins[owner]
    place = own[owner] + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    allowed = ((place >= box[:2] - TOLERANCE_UM) & (place <= box[2:] + TOLERANCE_UM)).all(axis=1) & (change > 0)
    sums, owner, place = sums[allowed], owner[allowed], place[allowed]
    greatest = np.zeros(len(own), np.int64)
    np.maximum.at(greatest, owner, sums)
    return np.clip(place[sums == greatest[owner]], box[:2], box[2:])


def _border_crossings(points, radius, box):
    """Where the circles around the points cross the border of the box."""
    places = []
    for axis in (0, 1):
        for line in (box[axis], box[2 + axis]):
            away = np.abs(points[:, axis] - line)
            near = points[away <= radius + TOLERANCE_UM, 1 - axis]
            half = np.sqrt(np.maximum(radius**2 - away[away <= radius + TOLERANCE_UM]**2, 0))
            along = np.concatenate([near - half, near + half])
            along = along[(along >= box[1 - axis]) & (along <= box[3 - axis])]
            places.append(np.stack([np.full_like(along, line), along][::1 if axis == 0 else -1], axis=1))
    return np.concatenate(places)


def _corners(box):
    return np.array([(box[x], box[y]) for x in (0, 2) for y in (1, 3)])
