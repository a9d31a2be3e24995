"""Polygons: what of one lies in a rectangle, and its area."""

import numpy as np


def clip_polygon(polygon, rectangle):
    """What lies in a rectangle of a polygon (Sutherland and Hodgman): one side after the other cuts it.

    Args:
        polygon: ``(N, 2)`` float xy px, not closed.
        rectangle: xyxy.

    Returns:
        np.ndarray: ``(M, 2)``; ``(0, 2)`` where nothing is left. Parts of a concave polygon stay joined along the border.
    """
    for axis, border, sign in ((0, rectangle[0], 1), (1, rectangle[1], 1), (0, rectangle[2], -1), (1, rectangle[3], -1)):
        before = np.roll(polygon, 1, axis=0)
        points = []
        for start, end, start_depth, end_depth in zip(before, polygon, sign * (before[:, axis] - border),
                                                      sign * (polygon[:, axis] - border), strict=True):
            if start_depth * end_depth < 0:
                crossing = start + (end - start) * start_depth / (start_depth - end_depth)
                crossing[axis] = border  # exactly, whatever the rounding
                points.append(crossing)
            if end_depth >= 0:
                points.append(end)
        polygon = np.array(points).reshape(-1, 2)
    return polygon


def polygon_area(polygon):
    """Area of a polygon ``(N, 2)`` xy px, in px2 (shoelace formula)."""
    x, y = polygon.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
