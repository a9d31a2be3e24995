from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.evaluation.places import check_places
from mitos_mmdet.interchange.points import PointFile, points_of

WIDE, UM = (7215, 5412), (.23, .23)


def check(xy, size=WIDE, um_per_px=UM, unit='px', format='csv', in_um=False):
    """``xy`` as if already in px (um), of a file in ``unit``."""
    frame = points_of('a', [(Decimal(0), Decimal(0), 'm', .5)] if unit == 'mm' else [(0, 0, 'm', .5)], 'a', unit=unit)
    known = points_of('a.tiff', [], 'a', size_px=size, um_per_px=um_per_px)
    return check_places([(np.array(xy, dtype=float).reshape(-1, 2), known)], PointFile(Path('d.x'), format, [frame]), in_um)


@pytest.fixture
def places():
    return np.random.default_rng(3).uniform((0, 0), WIDE, (60, 2))


def test_points_in_their_frames(places):
    assert check(places) == [] and check([]) == [] and check(places, size=None) == []


def test_a_figure_cut_by_the_border_is_no_matter(places):
    assert check([*places, (-20, 5), (7230, 5430)]) == []


def test_one_stray_point_is_a_note(places):
    assert check([*places, (9000, 6000)]) == [
        'd.x: 1 of 61 points lie outside their frames, for example x=9000, y=6000 px in a.tiff, 7215 x 5412 px']


def test_swapped_axes(places):
    with pytest.raises(ValueError, match=r'points lie outside.*with x and y swapped all lie inside\. Swap the two.*\(csv is x,y\)'):
        check(places[:, ::-1])
    with pytest.raises(ValueError, match=r'\(tupac16 is row,col\)'):
        check(places[:, ::-1], format='tupac16')
    nearly_square = [(100, 1640), (90, 1650), *((x / 5, y / 5) for x, y in places)]  # two points alone tell
    with pytest.raises(ValueError, match='2 of 62 points lie outside.*swapped all lie inside'):
        check(nearly_square, size=(1663, 1485))


def test_mm_read_as_px(places):
    with pytest.raises(ValueError, match=r'all 60 points lie within 1\.6 px of the corner, in frames of 7215 x 5412 px: these are mm'):
        check(places * .23 / 1000)


def test_um_read_as_px(places):
    with pytest.raises(ValueError, match='all 60 points lie in the upper left 23 % of their frames: these are um'):
        check(places * .23)
    assert check(places[:10] * .23) == []  # ten may lie there by chance


def test_px_written_as_mm(places):
    with pytest.raises(ValueError, match='coordinates are px perhaps, this format has mm'):
        check(places * 1000 / .23, unit='mm')
    with pytest.raises(ValueError, match='60 of 60 points lie over 100 mm from the corner.*no mm, px perhaps'):
        check((places + 200) * 1000, unit='mm', in_um=True)
    assert check([(1e3, 1e3), (2e3, 1e3), (130100, 115500)], unit='mm', in_um=True) == ['d.x: 1 points lie over 100 mm from the corner']


def test_another_image_s_points(places):
    with pytest.raises(ValueError, match='check that it belongs to these images, at their scale'):
        check(places * 4)


def test_few_points_near_the_corner_of_a_small_frame_are_fine():
    assert check([(5, 5), (20, 30), (40, 10)], size=(100, 80)) == []
