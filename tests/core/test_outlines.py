import numpy as np
import pytest

from mitos_mmdet.core.outlines import outline_polygons

mask = pytest.importorskip('pycocotools.mask')


def drawn(polygons, width=40, height=30):
    return mask.decode(mask.merge(mask.frPyObjects(polygons, height, width))).astype(bool)


def pixels_of(picture):
    return np.argwhere(picture)[:, ::-1]


def test_a_disc_comes_back_where_it_was():
    rows, columns = np.mgrid[:30, :40]
    disc = (rows - 12) ** 2 + (columns - 25) ** 2 <= 64
    back = drawn(outline_polygons(pixels_of(disc), 40, 30))
    assert (disc & back).sum() / (disc | back).sum() > 0.97


def test_two_parts_are_two_polygons_and_a_hole_is_filled():
    picture = np.zeros((30, 40), bool)
    picture[2:12, 3:15] = True
    picture[5:8, 6:10] = False  # a hole
    picture[20:28, 30:40] = True  # at the image's border
    polygons = outline_polygons(pixels_of(picture), 40, 30)
    assert len(polygons) == 2
    picture[5:8, 6:10] = True
    assert (drawn(polygons) ^ picture).sum() <= 8  # corners
    assert max(max(polygon[::2]) for polygon in polygons) <= 40


def test_a_single_pixel_is_a_polygon_too():
    (polygon,) = outline_polygons([[0, 0]], 40, 30)
    assert len(polygon) >= 6 and min(polygon) >= 0 and max(polygon) <= 1


@pytest.mark.parametrize('line', [[[x, 5] for x in range(3, 20)], [[x, x] for x in range(3, 20)]])  # one px wide, diagonal
def test_thin_outlines_stay_one_piece(line):
    assert len(outline_polygons(line, 40, 30)) == 1
