"""The place of an axis-parallel rectangle that holds the greatest weight of points: exact, in O(n log n).

A window with its top left corner at ``(x, y)`` holds point ``p`` exactly if ``x`` lies in ``[px - w, px]`` and ``y`` in ``[py - h, py]``.
The corner is swept along x: at ``px - w`` point ``p`` comes in, after ``px`` it goes. Of the points that are in, the weight at ``y``
is a prefix sum over sorted ends: ``+weight`` at ``py - h``, ``-weight`` after ``py``. A segment tree over these ends keeps the sum and
the greatest prefix sum of each node, so its root always knows the best ``y``.

Instead of one update after the other, the tree is built level by level for all times at once: a node over ``k`` ends
changes at ``2 k`` times, so a level of the tree is one array of the same size, and its parent level is a merge of neighbours by time.
That is a dozen numpy operations per level.
"""

from collections.abc import Sequence

import numpy as np


def densest_rectangle(points: np.ndarray, weights: np.ndarray, size: Sequence[int] | np.ndarray, corners: Sequence[int]) -> tuple:
    """Finds the place of the window with the greatest sum of weights.

    Args:
        points: int64 ``(n, 2)``, x, y, with ``n >= 1``. Whole numbers, so that "on the border" is no matter of rounding; a window
            is closed: what lies on its border is inside.
        weights: int64 ``(n,)``, all above 0, with a sum below 2**62.
        size: ``(width, height)`` of the window.
        corners: ``(x0, y0, x1, y1)``: the top left corner stays within, borders included. Every point must fit into some such window.

    Returns:
        tuple: ``(x, y)``, the top left corner. Among places of the same weight the leftmost ``x``, then the topmost ``y``.
    """
    points, weights = np.asarray(points, np.int64), np.asarray(weights, np.int64)
    x_in, x_out = _reach(points[:, 0], size[0], corners[0], corners[2])
    y_in, y_out = _reach(points[:, 1], size[1], corners[1], corners[3])
    # Times: everything that comes in at x before what goes after x, for windows are closed. Ends of y likewise.
    moment, time = _ranks(x_in, x_out)
    _, end = _ranks(y_in, y_out)
    best = _greatest_prefix(time, end, weights)
    x = np.concatenate([x_in, x_out])[moment[best.argmax()]]
    inside = (x_in <= x) & (x <= x_out)
    return int(x), _best_on_line(y_in[inside], y_out[inside], weights[inside])


def _reach(coordinate, side, low, high):
    """The corners from which a window of this side reaches the coordinate."""
    return np.maximum(coordinate - side, low), np.minimum(coordinate, high)


def _ranks(first, last):
    """Order of ``first`` and then ``last`` values, a first before a last of the same value; and each one's rank, ``(2, n)``."""
    order = np.lexsort((np.repeat([0, 1], len(first)), np.concatenate([first, last])))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return order, rank.reshape(2, -1)


def _greatest_prefix(time, end, weights):
    """The greatest prefix sum over the ends after each time, int64 ``(2 n,)``.

    Args:
        time: ``(2, n)``: when each point comes in and when it goes.
        end: ``(2, n)``: the place of each point's ``+weight`` and of its ``-weight``.
    """
    leaves = 1 << (end.size - 1).bit_length()
    never = np.iinfo(np.int64).max
    # Per leaf: [time it is set, time it is cleared], the sum from then on, and the greatest prefix (the empty one counts: 0).
    times = np.full((leaves, 2), never)
    times[end[0]] = times[end[1]] = time.T
    total = np.zeros((leaves, 2), np.int64)
    total[end[0], 0], total[end[1], 0] = weights, -weights
    prefix = np.maximum(total, 0)
    while len(times) > 1:
        times, total, prefix = _merge(times, total, prefix)
    # Both ends of a point change at the same time; only the state after the second is real.
    return prefix[0, 1:2 * time.size:2]


def _merge(times, total, prefix):
    """One level up: ``(nodes, events)`` arrays of neighbouring nodes become ``(nodes / 2, 2 events)``."""
    nodes, events = times.shape
    joined = times.reshape(nodes // 2, 2 * events)
    order = joined.argsort(axis=1, kind='stable')
    from_left = np.cumsum(order < events, axis=1)  # events of the left child so far; the rest are the right one's
    from_right = np.arange(1, 2 * events + 1) - from_left
    start = np.arange(0, nodes, 2)[:, None] * (events + 1)
    left, right = start + from_left, start + (events + 1) + from_right
    total, prefix = (np.concatenate([np.zeros((nodes, 1), np.int64), each], axis=1).ravel() for each in (total, prefix))
    left_total = total[left]
    return (np.take_along_axis(joined, order, axis=1), left_total + total[right], np.maximum(prefix[left], left_total + prefix[right]))


def _best_on_line(first, last, weights):
    """The smallest value that lies in intervals ``[first, last]`` of the greatest weight."""
    order, _ = _ranks(first, last)
    sums = np.cumsum(np.concatenate([weights, -weights])[order])
    return int(np.concatenate([first, last])[order[sums.argmax()]])
