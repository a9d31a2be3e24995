"""Counts of a slide: what is counted, over which area."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.slides.count_slide import count_slide
from mitos_mmdet.slides.counted_area import counted_area
from mitos_mmdet.slides.density import density_map
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.settings import SlideSettings

SIZE = (20_000, 16_000)  # px of 0.25 um: 5 x 4 mm


def detections(points_um, scores, labels=None, **more):
    points = np.array(points_um, float).reshape(-1, 2) / 0.25
    return Detections(points, scores, [0] * len(points) if labels is None else labels, (0.25, 0.25), SIZE, classes=(MITOSIS, HARD_NEGATIVE),
                      **more)


def tissue(columns):
    mask = np.zeros((400, 500), bool)  # 10 um
    mask[:, columns] = True
    return SimpleNamespace(mask=mask, um_per_px=(10., 10.))


def roi(x1, y1, x2, y2):
    box = shapely.box(*(np.array([x1, y1, x2, y2]) / 0.25))
    return SimpleNamespace(polygons=[box], area_px=box.area, contains=lambda points: shapely.intersects_xy(box, *points.T))


FOUND = detections([[1000, 1000], [1100, 1000], [4000, 3000], [1050, 1050], [1060, 1050]], [0.6, 0.9, 0.95, 0.4, 0.99], [0, 0, 0, 0, 1])


def test_counts_mitotic_figures_from_the_threshold_on():
    count = count_slide(FOUND, threshold=0.5)
    assert len(count.mitoses) == 3
    assert count.hotspot.count == 2
    assert count.area.area_mm2 == pytest.approx(20)
    assert count.per_mm2 == pytest.approx(3 / 20)
    # Numbered from the hotspot on, by falling score.
    assert count.mitoses.scores.tolist() == [0.9, 0.6, 0.95]
    assert count.hotspot.indices.tolist() == [0, 1]
    assert {each.rule.name: each.score for each in count.grades} == {'mm2': 1, 'tupac16': 1, 'mitos-rcnn': 1, 'field-0.274': 1}


def test_what_scores_slightly_less_stands_apart_those_in_the_hotspot_first():
    more = detections([[1000, 1000], [1100, 1000], [4000, 3000], [1050, 1050], [1060, 1050], [1050, 1000]],
                      [0.6, 0.9, 0.49, 0.45, 0.39, 0.47], [0, 0, 0, 0, 0, 1])
    count = count_slide(more, threshold=0.5)
    assert count.mitoses.scores.tolist() == [0.9, 0.6] and count.below.scores.tolist() == [0.45, 0.49]
    assert len(count_slide(more, threshold=0.5, roi=roi(2000, 0, 5000, 4000)).below) == 1


def test_area_is_tissue_in_the_region():
    half = tissue(slice(0, 250))
    assert counted_area(SIZE, (0.25, 0.25), tissue=half).area_mm2 == pytest.approx(10)
    region = roi(2000, 0, 4000, 4000)
    both = counted_area(SIZE, (0.25, 0.25), tissue=half, roi=region)
    assert (both.area_mm2, both.restricted) == (pytest.approx(2, rel=0.01), 'tissue in the region of interest')
    assert both.bounds_um == (2000, 0, 4000, 4000)
    assert counted_area(SIZE, (0.25, 0.25), roi=region).area_mm2 == pytest.approx(8)
    for side in (40, 400, 1400):  # um; as large as its outline, wherever it lies between the mask's pixels
        field = roi(2001, 1003, 2001 + side, 1003 + side)
        assert counted_area(SIZE, (0.25, 0.25), tissue=tissue(slice(0, 500)), roi=field).area_mm2 == pytest.approx(side**2 / 1e6)
    edge = roi(4999.9, 0, 5000, 100)
    assert counted_area(SIZE, (0.25, 0.25), tissue=tissue(slice(0, 500)), roi=edge).area_mm2 == pytest.approx(1e-5)
    count = count_slide(FOUND, threshold=0.5, roi=region)
    assert (len(count.mitoses), count.hotspot.count) == (1, 1)


def test_bounds_of_the_scanned_part_hold_the_window():
    count = count_slide(FOUND, threshold=0.5, bounds=(4000, 2000, 12_000, 12_000))
    assert count.hotspot.box_um[0] >= 1000
    assert count.area.area_mm2 == pytest.approx(9)


def test_nothing_found_is_a_result():
    count = count_slide(detections([], []), threshold=0.5, tissue=tissue(slice(0, 250)))
    content = json.loads(json.dumps(count.as_dict()))
    assert (content['mitotic_figures'], content['hotspot'], content['per_mm2']) == (0, None, 0)
    assert content['notes'] == ['No mitotic figure was found, so there is no hotspot.']
    assert {each['score'] for each in content['grades']} == {1}
    assert not count.density.per_mm2.any()


@pytest.mark.parametrize('columns, score', [(24, None), (25, 1), (26, 1)])  # 0.04 mm² each
def test_nothing_found_is_graded_from_a_square_millimetre_of_tissue_on(columns, score):
    count = count_slide(detections([], []), threshold=0.5, tissue=tissue(slice(0, columns)))
    assert {each.score for each in count.grades} == {score}


def test_where_no_tissue_is_known_none_is_stated():
    for found in (detections([[300, 2000]], [0.9]), detections([], [])):
        grades = count_slide(found, SlideSettings(threshold=0.5, hotspot_area_mm2=0.5)).grades
        assert not any('mm² of tissue,' in (each.not_graded or '') for each in grades)


@pytest.mark.parametrize('area_mm2, columns, shown', [
    (0.999, 500, '0.999'), (1.0, 500, None), (1.001, 500, None),  # the window: all of it is tissue
    (2.0, 60, '0.735'), (2.0, 82, None), (2.0, 500, None),  # the tissue in it: 1.225 mm high, 0.6 and 0.82 mm wide
])
def test_the_tissue_in_the_hotspot_decides_whether_it_is_graded(area_mm2, columns, shown):
    found = detections([[300, 2000], [310, 2000]], [0.9, 0.9])
    count = count_slide(found, SlideSettings(threshold=0.5, hotspot_area_mm2=area_mm2), tissue=tissue(slice(0, columns)))
    content = json.loads(json.dumps(count.as_dict()))
    why = shown and f'not graded: {shown} mm² of tissue, at least 1 mm² is needed'
    assert [each['not_graded'] for each in content['grades']] == [why] * 4
    assert {each['score'] for each in content['grades']} == {1 if why is None else None}
    assert (content['per_2_37_mm2'] is None) == (why is not None)
    # The count and its density stand.
    assert (content['hotspot']['mitotic_figures'], content['hotspot']['per_mm2']) == (2, pytest.approx(2 / area_mm2, rel=1e-3))


def test_no_tissue_is_no_area_and_no_score():
    content = count_slide(detections([], []), threshold=0.5, tissue=tissue(slice(0, 0))).as_dict()
    assert (content['per_mm2'], {each['score'] for each in content['grades']}) == (None, {None})
    assert any('No tissue' in note for note in content['notes'])


def test_the_notes_say_how_the_hotspot_was_found():
    far = tissue(slice(350, 500))
    assert 'densest window with enough tissue' in count_slide(FOUND, threshold=0.5, tissue=far).notes[0]
    assert 'exact' in count_slide(FOUND, threshold=0.5, tissue=tissue(slice(0, 500))).notes[0]
    huge = SlideSettings(threshold=0.5, hotspot_area_mm2=100)
    assert 'larger than the area searched' in count_slide(FOUND, huge).notes[0]


def test_atypical_share():
    assert count_slide(FOUND, threshold=0.5).atypical_share is None
    rated = detections([[1000, 1000], [1100, 1000]], [0.6, 0.9], atypical=[0.7, 0.2])
    assert count_slide(rated, threshold=0.5).atypical_share == 0.5


def test_without_a_threshold_nothing_is_counted():
    with pytest.raises(ValueError, match='no threshold'):
        count_slide(FOUND)


def test_density_sums_to_the_count():
    points = np.random.default_rng(0).uniform(1500, 2500, (50, 2))
    density = density_map(points, (5000, 4000))
    assert density.per_mm2.sum() * np.prod(density.um_per_cell) / 1e6 == pytest.approx(50, rel=0.01)
    # Uniform points have the same density at the border as in the middle.
    grid = np.stack(np.meshgrid(np.arange(25, 5000, 50.), np.arange(25, 4000, 50.)), -1).reshape(-1, 2)
    assert density_map(grid, (5000, 4000)).per_mm2 == pytest.approx(400, rel=0.01)
