import numpy as np
import pytest

from mitos_mmdet.evaluation.mask_pictures import GREEN, draw_masks
from mitos_mmdet.tiling.frame_masks import encode

IMAGE = np.full((30, 40, 3), 128, np.uint8)


def square(x, y, side=6):
    return encode(np.ones((side, side), bool), (x, y), (40, 30))


def test_a_line_goes_around_a_mask_and_its_inside_stays():
    drawn = draw_masks(IMAGE, [square(10, 8)], width_px=2)
    changed = (drawn != IMAGE).any(axis=2)
    expected = np.zeros((30, 40), bool)
    expected[6:16, 8:18] = True
    expected[8:14, 10:16] = False
    np.testing.assert_array_equal(changed, expected)
    assert (drawn[changed] == GREEN).all() and (IMAGE == 128).all()


@pytest.mark.parametrize('masks, lines', [
    ([], 0),
    ([encode(np.zeros((3, 3), bool), (0, 0), (40, 30))], 0),  # an empty mask
    ([square(0, 0)], 13),  # in a corner, where two sides have no room
    ([square(36, 26)], 9),  # cut at the far corner
])
def test_masks_at_the_border_and_none(masks, lines):
    assert (draw_masks(IMAGE, masks, width_px=1) != IMAGE).any(axis=2).sum() == lines


def test_a_mask_of_another_frame_is_refused():
    with pytest.raises(ValueError, match='a mask of 50 x 30 px on an image of 40 x 30 px'):
        draw_masks(IMAGE, [encode(np.ones((2, 2), bool), (0, 0), (50, 30))])
