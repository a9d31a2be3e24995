import numpy as np
import pytest

from mitos_mmdet.core.centroids import as_points, boxes_to_centroids, centroids_inside, centroids_to_boxes, clip_boxes


@pytest.mark.parametrize('centroids, size, boxes', [
    ([[100, 200]], 50, [[75, 175, 125, 225]]),
    ([[100, 200]], (50, 20), [[75, 190, 125, 210]]),  # width first
    ([[0, 0], [3.5, 2.5]], 5, [[-2.5, -2.5, 2.5, 2.5], [1, 0, 6, 5]]),  # over the border, odd size
    ([], 50, np.zeros((0, 4))),  # empty
])
def test_centroids_to_boxes_and_back(centroids, size, boxes):
    made = centroids_to_boxes(centroids, size)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, np.reshape(boxes, (-1, 4)))
    np.testing.assert_array_equal(boxes_to_centroids(made), np.reshape(centroids, (-1, 2)))


def test_clip_boxes_cuts_at_each_border():
    boxes = [[-5, -6, 10, 12], [90, 40, 130, 70], [10, 10, 20, 20], [200, 200, 210, 210]]
    wanted = [[0, 0, 10, 12], [90, 40, 100, 60], [10, 10, 20, 20], [100, 60, 100, 60]]  # the last: outside, no area left
    np.testing.assert_array_equal(clip_boxes(boxes, 100, 60), wanted)
    assert clip_boxes([], 100, 60).shape == (0, 4)


def test_centroids_inside_counts_zero_in_and_the_size_out():
    rows = {(0, 0): True, (99.9, 59.9): True, (100, 30): False, (30, 60): False, (-0.1, 5): False, (5, -1): False,
            (70, 50): True, (50, 70): False}  # x goes with the width
    assert centroids_inside(list(rows), 100, 60).tolist() == list(rows.values())
    assert centroids_inside([], 100, 60).shape == (0,)


@pytest.mark.parametrize('xy, wanted', [([], []), ([3, 4], [[3, 4]]), ([[1, 2], [3, 4]], [[1, 2], [3, 4]]), (np.zeros((0, 4)), [])])
def test_points_of_any_number(xy, wanted):
    np.testing.assert_array_equal(as_points(xy, 'points'), np.reshape(wanted, (-1, 2)))


@pytest.mark.parametrize('xy', [[[1, 2, 0.9], [3, 4, 0.8]], [[0, 0, 50, 50]], [1, 2, 3, 4], [[[1, 2]]]])  # with scores, boxes, flat, nested
def test_what_are_no_points_is_refused(xy):
    with pytest.raises(ValueError, match='a.png: truth_xy: an array of shape .* Give x and y of each point'):
        as_points(xy, 'a.png: truth_xy')
