import subprocess
import sys

import numpy as np
import pytest

from mitos_mmdet.core.masks import draw_shape, ellipse, polygons_to_boxes, stable_generator

RADIUS, HALF_AXES, ANGLES = (10, 16), (5, 13), (60, 90)


def area(polygon):
    x, y = polygon.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


def draw(shape, seed):
    return draw_shape(shape, np.random.default_rng(seed), RADIUS, HALF_AXES, ANGLES)


def half_axes_of(polygon):
    """Half-axes of a drawn ellipse, long first, and the direction of the long one in degrees from x towards the top."""
    values, vectors = np.linalg.eigh(polygon.T @ polygon * 2 / len(polygon))
    x, y = vectors[:, 1]
    return np.sqrt(values[::-1]), np.rad2deg(np.arctan2(-y, x)) % 180


@pytest.mark.parametrize('a, b, angle, box', [
    (10, 10, 0, [-10, -10, 10, 10]),  # a circle
    (13, 5, 90, [-5, -13, 5, 13]),  # the paper's most upright ellipse: 10 x 26 px
    (13, 5, 0, [-13, -5, 13, 5]),
    (5, 13, 90, [-13, -5, 13, 5]),  # the first half-axis is the one that is turned
])
def test_an_ellipse_fills_its_box(a, b, angle, box):
    np.testing.assert_allclose(polygons_to_boxes([[ellipse(a, b, angle)]]), [box], atol=1e-5)
    assert area(ellipse(a, b, angle)) == pytest.approx(np.pi * a * b, rel=0.005)


def test_angles_turn_towards_the_top_of_the_image():
    # 60 degrees lean to the upper right: the farthest point has x above 0 and y, which grows downwards, below.
    farthest = ellipse(13, 5, 60)[0]
    np.testing.assert_allclose(farthest, [13 * np.cos(np.pi / 3), -13 * np.sin(np.pi / 3)])


def test_circles_are_drawn_from_the_whole_range():
    radii = []
    for seed in range(300):
        distances = np.hypot(*draw('circle', seed).T)
        assert np.ptp(distances) < 1e-9
        radii.append(distances[0])
    assert 10 <= min(radii) < 10.3 and 15.7 < max(radii) <= 16


def test_ellipses_are_drawn_from_the_whole_range_and_lie_as_told():
    axes, directions = zip(*(half_axes_of(draw('ellipse', seed)) for seed in range(300)), strict=True)
    axes, directions = np.array(axes), np.array(directions)
    assert 5 <= axes.min() < 5.3 and 12.7 < axes.max() <= 13
    # The first half-axis lies at 60 or 90 degrees; the long one does so, too, or stands square to it.
    lengthy = axes[:, 0] > axes[:, 1] + 0.1
    found, counts = np.unique(directions[lengthy].round(3) % 180, return_counts=True)
    assert found.tolist() == [0, 60, 90, 150] and counts.min() > 40


def test_random_is_either():
    circles = sum(np.ptp(np.hypot(*draw('random', seed).T)) < 1e-9 for seed in range(300))
    assert 120 < circles < 180


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="unknown shape 'square': one of circle, ellipse, random"):
        draw('square', 0)


def test_a_draw_depends_on_seed_name_and_centroid_alone():
    def first(*args):
        return stable_generator(*args).random()

    reference = first(0, 'a.jpg', (10, 20.5))
    assert first(0, 'a.jpg', np.array([10.0, 20.5])) == reference
    # What a tile's offset and centroid add up to, to within rounding.
    assert first(0, 'a.jpg', (9.9999 + 1e-4, 20.5 + 1e-9)) == reference
    assert len({reference, first(1, 'a.jpg', (10, 20.5)), first(0, 'b.jpg', (10, 20.5)), first(0, 'a.jpg', (20.5, 10)),
                first(0, 'a.jpg', (10.001, 20.5))}) == 5
    assert first(0, 'a', (0, 0)) == first(0, 'a', (-0.0, -1e-9))


def test_another_process_draws_the_same():
    # Python's own hash() of a string differs from process to process.
    code = "from mitos_mmdet.core.masks import stable_generator; print(stable_generator(3, 'H03_00Aa.jpg', (7, 8.25)).random())"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == stable_generator(3, 'H03_00Aa.jpg', (7, 8.25)).random()


def test_boxes_hold_all_parts_of_a_mask():
    triangle = np.array([[1, 2], [5, 2], [3, 9]])
    assert polygons_to_boxes([[triangle], [triangle, triangle + 10]]).tolist() == [[1, 2, 5, 9], [1, 2, 15, 19]]
    assert polygons_to_boxes([]).shape == (0, 4)
