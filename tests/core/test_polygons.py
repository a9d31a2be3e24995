"""Outlines cut at a rectangle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitos_mmdet.core.polygons import clip_polygon
from mitos_mmdet.tiling.grid import equal_grid


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=9), st.integers(1, 4), st.integers(1, 4))
def test_the_pieces_of_an_outline_add_up_to_it(radii, columns, rows):
    angles = np.arange(len(radii)) * 2 * np.pi / len(radii)  # a star around the middle: simple, often concave
    outline = np.stack([50 + 50 * np.array(radii) * np.cos(angles), 40 + 40 * np.array(radii) * np.sin(angles)], axis=1)

    def area(polygon):
        x, y = polygon.T
        return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    pieces = [(piece, tile) for tile in equal_grid(100, 80, columns, rows) for piece in clip_polygon(outline, tile)]
    assert sum(area(piece) for piece, _ in pieces) == pytest.approx(area(outline), abs=1e-6)
    assert all((piece >= tile[:2]).all() and (piece <= tile[2:]).all() for piece, tile in pieces)


def test_an_outline_elsewhere_leaves_nothing():
    assert clip_polygon(np.array([[0., 0], [5, 0], [5, 5]]), (10, 10, 20, 20)) == []
    assert clip_polygon(np.zeros((0, 2)), (10, 10, 20, 20)) == []
