import numpy as np
import pytest

from mitos_mmdet.core.candidates import cut_patches, find_candidates, patch_corners


def probability(*regions, shape=(40, 60)):
    """A map that is 0 but for ``(x1, y1, x2, y2, value)``."""
    values = np.zeros(shape, np.float32)
    for x1, y1, x2, y2, value in regions:
        values[y1:y2, x1:x2] = value
    return values


def test_each_component_is_a_candidate_with_its_highest_probability():
    values = probability((5, 5, 15, 10, 0.6), (30, 20, 34, 39, 0.9))
    values[7, 8] = 0.75
    boxes, scores = find_candidates(values)
    assert boxes.tolist() == [[5, 5, 15, 10], [30, 20, 34, 39]] and boxes.dtype == np.float32
    assert scores == pytest.approx([0.75, 0.9]) and scores.dtype == np.float32


@pytest.mark.parametrize(('regions', 'count'), [
    ([], 0),  # nothing
    ([(0, 0, 60, 40, 1.0)], 1),  # everything
    ([(10, 10, 12, 12, 0.5)], 1),  # exactly at the threshold
    ([(10, 10, 12, 12, 0.49)], 0),  # just below
    ([(10, 10, 12, 12, 0.9), (12, 12, 14, 14, 0.9)], 1),  # two that meet at a corner
    ([(10, 10, 12, 12, 0.9), (13, 10, 15, 12, 0.9)], 2),  # two a px apart
    ([(x, y, x + 1, y + 1, 0.9) for x in range(0, 60, 2) for y in range(0, 40, 2)], 600),  # single px all over
])
def test_counts(regions, count):
    boxes, scores = find_candidates(probability(*regions))
    assert boxes.shape == (count, 4) and scores.shape == (count, )


def test_small_components_go_by_their_area_not_their_box():
    values = probability((0, 0, 3, 3, 0.9), (20, 0, 29, 1, 0.9))
    values[1, 1] = 0  # a ring of 8 px in a box of 9
    boxes, _ = find_candidates(values, min_area_px=9)
    assert boxes.tolist() == [[20, 0, 29, 1]]


def test_a_patch_holds_its_centre_in_the_middle():
    # A box over pixels 10 to 13 has its centre at 12.0: pixels 10, 11 | 12, 13.
    assert patch_corners([[12.0, 20.0]], 4).tolist() == [[10, 18]]
    # The middle of pixel 12 is at 12.5: pixels 10 to 14.
    assert patch_corners([[12.5, 20.4]], 5).tolist() == [[10, 18]]
    assert patch_corners(np.zeros((0, 2)), 4).shape == (0, 2)


def test_patches_are_the_frame_and_white_beyond_it():
    frame = np.arange(3 * 20 * 30, dtype=np.uint8).reshape(3, 20, 30)
    inside, corner, far, low = cut_patches(frame, [[10, 10], [0, 0], [-500, 900], [29, 19]], 8)
    assert np.array_equal(inside, frame[:, 6:14, 6:14])
    assert np.array_equal(corner[:, 4:, 4:], frame[:, :4, :4])
    assert (corner[:, :4] == 255).all() and (corner[:, :, :4] == 255).all()
    assert (far == 255).all()
    assert np.array_equal(low[:, :5, :5], frame[:, 15:, 25:]) and (low[:, 5:] == 255).all() and (low[:, :, 5:] == 255).all()


def test_no_centres_no_patches_and_a_patch_larger_than_the_frame():
    frame = np.zeros((3, 4, 6), np.uint8)
    assert cut_patches(frame, np.zeros((0, 2)), 8).shape == (0, 3, 8, 8)
    patch, = cut_patches(frame, [[3, 2]], 16)
    assert (patch == 0).sum() == 3 * 4 * 6 and np.array_equal(patch[:, 6:10, 5:11], frame)
