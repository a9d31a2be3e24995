"""Polygons: what of one lies in a rectangle, and its area."""

import numpy as np
import shapely

_SMALLEST = 1e-9  # px2: less is rounding (ours)


def clip_polygon(polygon: np.ndarray, rectangle: tuple[float, float, float, float]) -> list[np.ndarray]:
    """The parts of a polygon that lie in a rectangle.

    Args:
        polygon: ``(N, 2)`` float xy px, not closed. One that crosses itself counts where its parts overlap once.
        rectangle: xyxy.

    Returns:
        list: ``(M, 2)`` each, not closed; several where a concave polygon is cut apart, none where nothing is left. The polygon itself
        where it lies wholly inside.
    """
    low, high = polygon.min(axis=0, initial=np.inf), polygon.max(axis=0, initial=-np.inf)
    if polygon_area(polygon) > 0 and (low >= rectangle[:2]).all() and (high <= rectangle[2:]).all():
        return [polygon]
    if len(polygon) < 3 or (low >= rectangle[2:]).any() or (high <= rectangle[:2]).any():
        return []
    whole = shapely.make_valid(shapely.Polygon(polygon))
    parts = shapely.get_parts(shapely.intersection(whole, shapely.box(*rectangle)))
    parts = shapely.get_parts(parts)  # of a collection that holds a multipolygon
    rings = [part.exterior.coords for part in parts if part.geom_type == 'Polygon' and part.area > _SMALLEST]
    return [np.clip(np.array(ring)[:-1], rectangle[:2], rectangle[2:]) for ring in rings]


def polygon_area(polygon: np.ndarray) -> float:
    """Area of a polygon ``(N, 2)`` xy px, in px2 (shoelace formula)."""
    x, y = polygon.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
