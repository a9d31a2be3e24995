import json

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.recognise import read_points


def feature(kind='Point', coordinates=(1, 2), of=None, **properties):
    if of:
        properties['classification'] = dict(name=of)
    return dict(type='Feature', geometry=dict(type=kind, coordinates=coordinates), properties=properties)


def read(folder, *features, name='a.geojson'):
    (folder / name).write_text(json.dumps(dict(type='FeatureCollection', features=features)))
    return read_points(folder / name)


SQUARE = [[10, 10], [20, 10], [20, 20], [10, 20], [10, 10]]


@pytest.mark.parametrize('kind, coordinates, places', [
    ('Point', [1.5, 2], [[1.5, 2]]), ('MultiPoint', [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ('Polygon', [SQUARE], [[15, 15]]), ('Polygon', [SQUARE[::-1]], [[15, 15]]),  # either sense of rotation
    ('Polygon', [[[0, 0], [6, 0], [0, 3], [0, 0]]], [[2, 1]]),  # of the area, not of the corners
    ('Polygon', [SQUARE, [[11, 11], [12, 11], [12, 12], [11, 11]]], [[15, 15]]),  # a hole
    ('Polygon', [[[5, 5], [5, 5], [5, 5]]], [[5, 5]]), ('LineString', [[0, 0], [4, 2]], [[2, 1]]),  # no area
    ('MultiPolygon', [[SQUARE], [[[30, 10], [40, 10], [40, 20], [30, 20], [30, 10]]]], [[15, 15], [35, 15]]),
    ('Polygon', [(np.array(SQUARE) + 1e6).tolist()], [[1000015, 1000015]]),  # far out on a slide
])
def test_where_an_object_is(tmp_path, kind, coordinates, places):
    np.testing.assert_allclose(read(tmp_path, feature(kind, coordinates)).frames[0].xy, places, rtol=1e-12)


@pytest.mark.parametrize('properties, score', [
    (dict(measurements={'Probability': .9}), .9), (dict(measurements={'Area': 3.0, 'score': .8}), .8),
    (dict(measurements=[dict(name='Confidence', value=.7)]), .7),  # QuPath before 0.4
    (dict(name='0.93'), .93), (dict(name='cell 3'), None), ({}, None), (dict(measurements={'Area': 3.0}), None),
])
def test_an_object_s_score(tmp_path, properties, score):
    scores = read(tmp_path, feature(**properties)).frames[0].scores
    assert scores is None if score is None else scores.tolist() == [score]


def test_a_score_that_is_not_finite(tmp_path):
    with pytest.raises(ValueError, match='point 1 has the score nan'):
        read(tmp_path, feature(measurements=dict(score='NaN')))


def test_classes(tmp_path):
    made = read(tmp_path, feature(of='Mitosis'), feature(of='Non-mitosis'), feature(of='Region*'), feature(),
                feature(classification=dict(names=['Tumor', 'Positive'])))
    assert made.frames[0].labels.tolist() == [MITOSIS, HARD_NEGATIVE, 'Region*', 'Tumor: Positive']
    assert made.notes == ['1 objects without a class, beside others that have one, are left out']
    assert read(tmp_path, feature(), feature(classification=None)).frames[0].labels.tolist() == [MITOSIS] * 2


@pytest.mark.parametrize('bad', [feature('Point', [1]), feature('Point', ['a', 2]), feature('Circle', [1, 2])])
def test_an_object_without_a_place(tmp_path, bad):
    with pytest.raises(ValueError, match=r'a\.geojson: feature 2 has no place'):
        read(tmp_path, feature(), bad)


def test_a_folder_s_frames_by_file_name(tmp_path):
    (tmp_path / 'sub').mkdir()
    for name in ('a.tiff.geojson', 'sub/b.json'):
        (tmp_path / name).write_text(json.dumps([feature()]))
    assert [frame.name for frame in read_points(tmp_path).frames] == ['a.tiff.geojson', 'sub/b.json']
    (tmp_path / 'c.json').write_text('{"a": 1}')
    with pytest.raises(ValueError, match=r'c\.json: no GeoJSON of QuPath'):
        read_points(tmp_path, 'qupath')
