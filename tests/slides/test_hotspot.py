"""The hotspot against brute force, and what it says at the edges."""

import time
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.hotspot import EXACT, GRID, TOO_LITTLE_TISSUE, WHOLE, find_hotspot
from mitos_mmdet.slides.window import fields_area_mm2, window_size_um


def best_rectangle(points, scores, size, bounds):
    """``(count, sum of scores, x, y)`` by trying every corner that touches a point or the bounds."""
    corners = [sorted({float(np.clip(value, bounds[axis], bounds[2 + axis] - size[axis])) for value in points[:, axis] - size[axis]})
               for axis in (0, 1)]
    tried = []
    for x, y in product(*corners):
        inside = ((points >= (x, y)) & (points <= (x + size[0], y + size[1]))).all(axis=1)
        tried.append((inside.sum(), scores[inside].sum(), -x, -y))
    return max(tried)


def best_circle(points, radius, bounds):
    """The greatest count, over all crossings of circles around points with each other and with the border for centres."""
    low, high = np.array(bounds[:2]) + radius, np.array(bounds[2:]) - radius
    places = [np.clip(points, low, high), np.array(list(product(*zip(low, high, strict=True))))]
    for first, second in product(points, points):
        apart = np.hypot(*(second - first))
        if 0 < apart <= 2 * radius:
            normal = np.array([first[1] - second[1], second[0] - first[0]]) / apart
            places.append([(first + second) / 2 + normal * np.sqrt(radius**2 - apart**2 / 4)])
    for point, axis, line in product(points, (0, 1), (low, high)):
        beyond = radius**2 - (point[axis] - line[axis])**2
        for sign in (-1, 1) if beyond >= 0 else ():
            place = point + sign * np.sqrt(max(beyond, 0))
            place[axis] = line[axis]
            places.append([place])
    places = np.concatenate(places)
    places = places[((places >= low - 1e-6) & (places <= high + 1e-6)).all(axis=1)]
    return (np.hypot(*(points[:, None] - places).transpose(2, 0, 1)) <= radius + 1e-3).sum(axis=0).max()


def some_points(seed):
    """Points on a coarse grid, so that borders and ties are frequent, in a slide of 100 x 100 um, and a window's sides."""
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 15)
    return rng.integers(0, 11, (count, 2)) * 10., rng.integers(1, 5, count) / 4, rng.integers(1, 11, 2) * 10.


@pytest.mark.parametrize('block', range(10))
def test_equals_brute_force_on_1000_sets(block):
    for seed in range(100 * block, 100 * block + 100):
        points, scores, size = some_points(seed)
        found = find_hotspot(points, size.prod() / 1e6, size[0] / size[1], scores=scores, bounds_um=(0, 0, 100, 100))
        count, total, _, _ = best_rectangle(points, scores, size, (0, 0, 100, 100))
        assert (found.count, scores[found.indices].sum()) == (count, total), seed
        inside = ((points >= np.array(found.box_um[:2]) - 1e-3) & (points <= np.array(found.box_um[2:]) + 1e-3)).all(axis=1)
        assert sorted(np.flatnonzero(inside)) == sorted(found.indices)
        assert min(found.box_um) >= -1e-3
        assert max(found.box_um) <= 100 + 1e-3


@pytest.mark.parametrize('block', range(2))
def test_circle_equals_brute_force(block):
    for seed in range(25 * block, 25 * block + 25):
        points, _, size = some_points(seed)
        radius = size[0] / 2
        found = find_hotspot(points, np.pi * radius**2 / 1e6, shape='circle', bounds_um=(0, 0, 100, 100))
        assert found.count == best_circle(points, radius, (0, 0, 100, 100)), seed


def test_100000_detections_in_a_second():
    points = np.random.default_rng(0).uniform(0, 20_000, (100_000, 2))
    start = time.process_time()  # CPU seconds: other work on the machine must not fail this
    found = find_hotspot(points, scores=np.full(100_000, 0.5), bounds_um=(0, 0, 20_000, 20_000))
    assert found.count > 550
    assert time.process_time() - start < 1


def test_ties_go_to_the_score_then_left_then_top():
    points = np.array([[100, 100], [500, 100], [900, 100], [900, 900]]) * 10.
    alone = dict(area_mm2=0.01, aspect=1, bounds_um=(0, 0, 10_000, 10_000))
    assert find_hotspot(points, scores=[0.6, 0.9, 0.9, 0.7], **alone).indices.tolist() == [1]
    assert find_hotspot(points, **alone).indices.tolist() == [0]
    assert find_hotspot(points[::-1], **alone).indices.tolist() == [3]
    # 1e-6 apart in the sum of scores still decides.
    assert find_hotspot(points, scores=[0.5, 0.5, 0.500002, 0.5], **alone).indices.tolist() == [2]


def test_the_window_lies_around_what_it_holds():
    found = find_hotspot(np.array([[4000., 4000], [4400, 4200]]), bounds_um=(0, 0, 10_000, 10_000))
    assert ((found.box_um[0] + found.box_um[2]) / 2, (found.box_um[1] + found.box_um[3]) / 2) == pytest.approx((4200, 4100))
    # At the slide's corner it stays on the slide.
    assert find_hotspot(np.array([[10., 10]]), bounds_um=(0, 0, 10_000, 10_000)).box_um[:2] == (0, 0)


def test_nothing_found_is_no_hotspot():
    assert find_hotspot(np.zeros((0, 2))) is None
    assert find_hotspot([[50., 50]], bounds_um=(100, 100, 5000, 5000)) is None


def test_a_window_larger_than_the_slide_is_the_whole_slide():
    found = find_hotspot([[1., 1], [400, 300]], bounds_um=(0, 0, 500, 400))
    assert (found.search, found.count, found.box_um, found.asked_mm2) == (WHOLE, 2, (0, 0, 500, 400), 2)
    assert found.per_mm2 == pytest.approx(2 / 0.2)
    # A slide narrower than the window cuts only that side.
    assert find_hotspot([[1., 1]], bounds_um=(0, 0, 500, 40_000)).area_mm2 == pytest.approx(0.5 * window_size_um()[1] / 1000)


def test_the_window_stays_on_the_image_by_default():
    small = Detections([[10, 20], [1000, 900]], [0.9, 0.8], [0, 0], (0.25, 0.25), (2084, 2084))
    found = find_hotspot(small)
    assert (found.box_um, found.search, found.count) == ((0, 0, 521, 521), WHOLE, 2)
    assert found.per_mm2 == pytest.approx(2 / 0.521**2)
    circle = find_hotspot(small, shape='circle')
    assert min(circle.box_um) >= 0 and max(circle.box_um) <= 521
    # Of bare points the image is not known, but no window lies left of or above its corner.
    assert min(find_hotspot(small.points_um).box_um) >= 0 and min(find_hotspot(small.points_um, shape='circle').box_um) >= 0
    # On a slide that is large enough it is the same window as with the bounds given.
    large = Detections([[90_000, 20], [40_000, 900]], [0.8, 0.9], [0, 0], (0.25, 0.25), (100_000, 80_000))
    assert find_hotspot(large) == find_hotspot(large.points_um, scores=large.scores, bounds_um=(0, 0, 25_000, 20_000))


def mask(width, height, tissue):
    """Tissue mask of 10 um pixels, tissue in the columns of ``tissue``."""
    found = np.zeros((height, width), bool)
    found[:, tissue] = True
    return SimpleNamespace(mask=found, um_per_px=(10., 10.))


@pytest.mark.parametrize('shape', ['rectangle', 'circle'])
def test_enough_tissue(shape):
    # Five detections on glass (pen, dust) at the left, three in the tissue at the right half.
    points = np.array([[300., 300 + 10 * i] for i in range(5)] + [[3000., 2000 + 10 * i] for i in range(3)])
    want = dict(area_mm2=0.25, aspect=1, shape=shape, bounds_um=(0, 0, 4000, 4000))
    right = mask(400, 400, slice(200, 400))
    assert find_hotspot(points, **want).count == 5
    found = find_hotspot(points, tissue=right, **want)
    assert (found.count, found.search, found.most_anywhere, found.tissue) == (3, GRID, 5, pytest.approx(1, abs=1e-9))
    # Where all is tissue the sweep's answer stands.
    assert find_hotspot(points, tissue=mask(400, 400, slice(0, 400)), **want).search == EXACT
    nowhere = find_hotspot(points, tissue=mask(400, 400, slice(0, 0)), **want)
    assert (nowhere.search, nowhere.count, nowhere.tissue) == (TOO_LITTLE_TISSUE, 5, 0)


def test_a_hotspot_at_the_edge_of_the_tissue_is_shifted_onto_it():
    points = np.array([[2010., 2000 + 10 * i] for i in range(4)])
    found = find_hotspot(points, 0.25, 1, bounds_um=(0, 0, 4000, 4000), tissue=mask(400, 400, slice(200, 400)), min_tissue=0.9)
    assert (found.count, found.search) == (4, GRID)
    assert found.tissue >= 0.9
    assert found.x_um >= 1950


def test_area_of_high_power_fields():
    assert fields_area_mm2(10, 0.55) == pytest.approx(2.376, abs=1e-3)
    assert fields_area_mm2(10, 0.40) == pytest.approx(1.26, abs=5e-3)
    assert fields_area_mm2(10, 0.69) == pytest.approx(3.74, abs=5e-3)
    with pytest.raises(ValueError, match='field diameter 550 mm is not that of a high-power field. Give it in mm'):
        fields_area_mm2(10, 550)
    assert window_size_um() == pytest.approx((1633, 1225), abs=0.5)


@pytest.mark.parametrize('wrong', [
    dict(area_mm2=0), dict(area_mm2=float('nan')), dict(aspect=-1), dict(shape='hexagon'), dict(min_tissue=1.2)])
def test_wrong_windows_are_refused(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        find_hotspot([[1., 1]], **wrong)


@pytest.mark.parametrize(('shape', 'expected'), [('rectangle', [True, True, False]), ('circle', [True, False, False])])
def test_what_lies_in_the_window(shape, expected):
    spot = find_hotspot(np.array([[1000.0, 1000.0]]), 0.04, 1.0, shape)
    x1, y1, x2, y2 = spot.box_um
    places = np.array([[x1, (y1 + y2) / 2], [x1 + 1, y1 + 1], [x2 + 1, y1]])
    assert spot.contains(places).tolist() == expected and spot.contains(places[:0]).shape == (0, )


@pytest.mark.parametrize('points, scores, words', [
    ([[1, 2, 0.9]], None, r'points_um: an array of shape \(1, 3\)'), ([[1, 2], [3, 4]], [0.5], '2 points but 1 scores')])
def test_points_and_scores_must_fit(points, scores, words):
    with pytest.raises(ValueError, match=words):
        find_hotspot(points, scores=scores)
