import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from mitos_mmdet.slides.roi import read_roi

SQUARE = dict(type='Polygon', coordinates=[[[100, 100], [300, 100], [300, 300], [100, 300], [100, 100]]])
HOLED = dict(type='Polygon', coordinates=[*SQUARE['coordinates'], [[150, 150], [250, 150], [250, 250], [150, 250], [150, 150]]])


@pytest.fixture
def slide():
    return SimpleNamespace(size=(1000, 800), bounds=None, path=Path('slide.svs'))


def feature(geometry, **properties):
    return dict(type='Feature', id='a', geometry=geometry, properties=dict(objectType='annotation', **properties))


def roi_of(tmp_path, slide, content, **options):
    (tmp_path / 'roi.geojson').write_text(json.dumps(content))
    return read_roi(tmp_path / 'roi.geojson', slide, **options)


@pytest.mark.parametrize('content', [
    dict(type='FeatureCollection', features=[feature(SQUARE)]), [feature(SQUARE)], feature(SQUARE), SQUARE,
    [feature(SQUARE, classification=dict(name='Tumor', color=[200, 0, 0]), isLocked=True)],
    [feature(dict(type='MultiPolygon', coordinates=[SQUARE['coordinates']]))],
    [feature(dict(type='GeometryCollection', geometries=[SQUARE, dict(type='Point', coordinates=[5, 5])]))],
    [feature(SQUARE), feature(dict(type='Point', coordinates=[900, 700]))],
    [feature(SQUARE), feature(SQUARE)],  # drawn twice is no more area
    [feature(SQUARE), dict(feature(dict(type='Polygon', coordinates=[[[500, 500], [600, 500], [600, 600], [500, 500]]])),
                           properties=dict(objectType='detection'))],
])
def test_what_qupath_writes(tmp_path, slide, content):
    roi = roi_of(tmp_path, slide, content)
    assert roi.area_px == 40000 and len(roi.polygons) == 1 and roi.area.bounds == (100, 100, 300, 300)
    assert roi.contains([[200, 200], [100, 100], [99, 200], [550, 520]]).tolist() == [True, True, False, False]
    assert roi.covers((200, 200, 400, 400)) == 0.25 and roi.covers((500, 500, 600, 600)) == 0


def test_holes_and_several_regions(tmp_path, slide):
    other = dict(type='Polygon', coordinates=[[[600, 600], [700, 600], [700, 700], [600, 700], [600, 600]]])
    roi = roi_of(tmp_path, slide, [feature(HOLED), feature(other)])
    assert roi.area_px == 40000 - 10000 + 10000 and len(roi.polygons) == 2
    assert roi.contains([[200, 200], [120, 120], [650, 650]]).tolist() == [False, True, True]


def test_what_is_to_be_ignored_is_left_out_of_other_regions(tmp_path, slide):
    inner = dict(type='Polygon', coordinates=HOLED['coordinates'][1:])
    roi = roi_of(tmp_path, slide, [feature(inner, classification=dict(name='Ignore*')), feature(SQUARE)])
    assert roi.area_px == 30000 and roi.contains([[200, 200], [120, 120]]).tolist() == [False, True]


def test_an_ellipse_and_a_bow_tie(tmp_path, slide):
    ring = np.array(shapely.Point(500, 400).buffer(100).exterior.coords).tolist()
    ellipse = feature(dict(type='Polygon', coordinates=[ring]), isEllipse=True)
    assert roi_of(tmp_path, slide, ellipse).area_px == pytest.approx(np.pi * 1e4, rel=0.01)
    bow = dict(type='Polygon', coordinates=[[[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]]])
    assert roi_of(tmp_path, slide, feature(bow)).area_px == pytest.approx(5000)


def test_the_bounds_corner_is_added_as_qupath_crops(tmp_path, slide):
    slide.bounds = (50, 70, 800, 600)
    assert roi_of(tmp_path, slide, feature(SQUARE)).area.bounds == (150, 170, 350, 370)
    assert roi_of(tmp_path, slide, feature(SQUARE), offset=False).area.bounds == (100, 100, 300, 300)


def test_a_region_over_the_border_is_cut(tmp_path, slide):
    wide = dict(type='Polygon', coordinates=[[[-50, -50], [100, -50], [100, 100], [-50, 100], [-50, -50]]])
    assert roi_of(tmp_path, slide, feature(wide)).area_px == 10000


@pytest.mark.parametrize('content, words', [
    ([], 'it is empty'),
    ([feature(dict(type='Point', coordinates=[5, 5]))], 'it holds Point only.*Draw a rectangle'),
    ([feature(dict(type='LineString', coordinates=[[5, 5], [9, 9]]))], 'it holds LineString only'),
    ([dict(feature(SQUARE), properties=dict(objectType='cell'))], 'it holds cell only'),
    ([feature(SQUARE, classification=dict(name='Ignore*'))], r'no region with an area \(it holds regions of the class Ignore\* only'),
    ([feature(SQUARE), feature(SQUARE, classification=dict(name='Ignore*'))], r'class Ignore\* cover all others'),
    ([feature(dict(type='Polygon', coordinates=[[[0, 1e16], [1e300, 5], [5, 1e30], [0, 1e16]]]))], 'feature 1 has no usable geometry'),
    ([feature(dict(type='Polygon', coordinates=[[[5e3, 5e3], [6e3, 5e3], [6e3, 6e3], [5e3, 5e3]]]))], 'outside the slide slide.svs'),
    ([feature(dict(type='Polygon', coordinates=[[['a', 5], [5, 5], [6, 6], ['a', 5]]]))], 'feature 1 has no usable geometry'),
    ([feature(dict(type='Polygon', coordinates=[[[5, 5], [6, 6]]]))], 'feature 1 has no usable geometry'),
    ([feature(dict(type='Blob'))], 'feature 1 has no usable geometry'),
    ([1, 2], 'not GeoJSON'), ('text', 'not GeoJSON'), (dict(a=1), 'has no usable geometry'),
])
def test_what_is_no_region_is_one_clear_error(tmp_path, slide, content, words):
    with pytest.raises(ValueError, match=f'roi.geojson.*{words}') as caught:
        roi_of(tmp_path, slide, content)
    assert '\n' not in str(caught.value)


def test_no_json_and_no_file(tmp_path, slide):
    (tmp_path / 'roi.geojson').write_text('{')
    for name in ('roi.geojson', 'missing.geojson'):
        with pytest.raises(ValueError, match=name):
            read_roi(tmp_path / name, slide)


def test_coordinates_that_are_no_numbers(tmp_path, slide):
    for value in (float('nan'), float('inf')):  # Python's JSON knows them, and shapely's bounds overlook NaN
        ring = [[100, 100], [value, 200], [300, 300], [100, 100]]
        with pytest.raises(ValueError, match='feature 1 has no usable geometry'):
            roi_of(tmp_path, slide, dict(type='Polygon', coordinates=[ring]))
