import csv
import json
import tracemalloc
import uuid
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.grand_challenge_schema import faults
from mitos_mmdet.interchange.qupath import read as read_qupath
from mitos_mmdet.interchange.source import Source
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.outputs.detections_csv import write_csv
from mitos_mmdet.slides.outputs.geojson import bounds_offset, write_geojson
from mitos_mmdet.slides.outputs.grand_challenge_json import write_grand_challenge
from mitos_mmdet.slides.outputs.summary_json import write_summary
from mitos_mmdet.slides.roi import read_roi
from mitos_mmdet.slides.tissue import TissueMask

HOTSPOT = SimpleNamespace(x_um=50.0, y_um=100.0, width_um=100.0, height_um=50.0, shape='rectangle', count=2, area_mm2=0.005)


@pytest.fixture
def detections():
    return Detections([[400, 600.5], [500, 700], [10, 20]], [0.91, 0.4, 0.75], [0, 1, 0], (0.25, 0.5), (2000, 1000), atypical=[0.2, 0, 1])


@pytest.fixture
def none():
    return Detections([], [], [], (0.25, 0.25), (2000, 1000))


def test_csv(tmp_path, detections, none):
    write_csv(tmp_path / 'a.csv', detections)
    rows = list(csv.DictReader((tmp_path / 'a.csv').open(encoding='utf-8')))
    assert rows[0] == dict(x_px='400.000', y_px='600.500', x_um='100.000', y_um='300.250', score='0.910000', atypical='0.200000',
                           **{'class': MITOSIS})
    assert [row['class'] for row in rows] == [MITOSIS, HARD_NEGATIVE, MITOSIS]
    write_csv(tmp_path / 'none.csv', none)
    assert (tmp_path / 'none.csv').read_text() == 'x_px,y_px,x_um,y_um,score,class\n'


def test_geojson_is_what_qupath_documents(tmp_path, detections):
    mask = np.zeros((10, 20), bool)
    mask[2:8, 3:15] = True
    tissue = TissueMask(mask, (25.0, 50.0), (2000, 1000))
    write_geojson(tmp_path / 'a.geojson', detections, hotspot=HOTSPOT, tissue=tissue)
    content = json.loads((tmp_path / 'a.geojson').read_text())
    assert content['type'] == 'FeatureCollection'
    names = [feature['properties']['classification']['name'] for feature in content['features']]
    assert names == ['tissue', 'hotspot', MITOSIS, HARD_NEGATIVE, MITOSIS]
    for feature in content['features']:
        uuid.UUID(feature['id'])
        assert feature['type'] == 'Feature' and feature['properties']['objectType'] == 'annotation'
        colour = feature['properties']['classification']['color']
        assert len(colour) == 3 and all(0 <= value <= 255 for value in colour)
        if feature['geometry']['type'] == 'Polygon':
            assert all(ring[0] == ring[-1] and len(ring) > 3 for ring in feature['geometry']['coordinates'])
    assert len({feature['id'] for feature in content['features']}) == 5
    measured = content['features'][1]['properties']['measurements']
    assert measured == {'Mitotic figures': 2, 'Area mm^2': 0.005, 'Mitotic figures per mm^2': 400}
    assert content['features'][2]['properties']['measurements'] == {'score': 0.91, 'atypical probability': 0.2}


def test_a_class_without_a_chance_to_be_atypical(tmp_path):
    found = Detections([[1, 2], [3, 4]], [0.9, 0.8], [0, 1], (0.25, 0.25), (9, 9), atypical=[0.25, np.nan])
    write_csv(tmp_path / 'a.csv', found)
    assert [row['atypical'] for row in csv.DictReader((tmp_path / 'a.csv').open())] == ['0.250000', '']
    write_geojson(tmp_path / 'a.geojson', found)
    measured = [feature['properties']['measurements'] for feature in json.loads((tmp_path / 'a.geojson').read_text())['features']]
    assert measured == [{'score': 0.9, 'atypical probability': 0.25}, {'score': 0.8}]


def test_our_reader_finds_the_points_again(tmp_path, detections):
    write_geojson(tmp_path / 'a.geojson', detections)
    frame = read_qupath(Source(tmp_path / 'a.geojson')).frames[0]
    np.testing.assert_allclose(np.asarray(frame.xy, float), detections.points)
    np.testing.assert_allclose(frame.scores, detections.scores)


def test_the_bounds_corner_is_subtracted_recorded_and_read_back(tmp_path, detections):
    slide = SimpleNamespace(bounds=(100, 200, 1500, 800), size=(2000, 1000), path=Path('a.mrxs'))
    assert bounds_offset(slide, offset=False) == (0, 0)
    assert bounds_offset(SimpleNamespace(bounds=None)) == (0, 0)
    write_geojson(tmp_path / 'a.geojson', detections, shift=bounds_offset(slide), hotspot=HOTSPOT)
    content = json.loads((tmp_path / 'a.geojson').read_text())
    assert content['mitos']['bounds_offset_subtracted'] == [100, 200]
    assert content['features'][1]['geometry']['coordinates'] == [300, 400.5]
    # What QuPath would export of it comes back to the same place.
    assert read_roi(tmp_path / 'a.geojson', slide).area.bounds == (200, 200, 600, 300)


def test_a_circle(tmp_path, none):
    circle = SimpleNamespace(**vars(HOTSPOT) | dict(shape='circle', height_um=100.0))
    write_geojson(tmp_path / 'a.geojson', none, hotspot=circle)
    slide = SimpleNamespace(bounds=None, size=(2000, 1000), path=Path('a'))
    assert read_roi(tmp_path / 'a.geojson', slide).area_px == pytest.approx(np.pi * 200**2, rel=0.001)


def test_no_detections_is_a_valid_file(tmp_path, none):
    write_geojson(tmp_path / 'a.geojson', none)
    assert json.loads((tmp_path / 'a.geojson').read_text())['features'] == []
    write_grand_challenge(tmp_path / 'a.json', none, 0.5)
    assert faults(json.loads((tmp_path / 'a.json').read_text())) == []


def test_grand_challenge(tmp_path, detections):
    write_grand_challenge(tmp_path / 'a.json', detections, 0.8)
    content = json.loads((tmp_path / 'a.json').read_text())
    assert faults(content) == []
    assert content['points'] == [dict(name='mitotic figure', point=[0.1, 0.30025, 0], probability=0.91),
                                 dict(name='non-mitotic figure', point=[0.0025, 0.01, 0], probability=0.75)]
    with pytest.raises(ValueError, match='a.json: scores from 0.75 to 2 are no probabilities'):
        write_grand_challenge(tmp_path / 'a.json', Detections([[1, 1]] * 2, [0.75, 2], [0, 0], (1, 1), (9, 9)), 0.8)


def test_many_detections_stream(tmp_path):
    count = 40_000
    rng = np.random.default_rng(0)
    many = Detections(rng.uniform(0, 9e4, (count, 2)), rng.uniform(size=count), rng.integers(0, 2, count), (0.25, 0.25), (100000, 100000))
    peaks = []
    for write in (write_csv, write_geojson, lambda path, found: write_grand_challenge(path, found, 0.5)):
        tracemalloc.start()
        write(tmp_path / 'a', many)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        peaks.append(peak)
    assert max(peaks) < 12e6, peaks  # the GeoJSON alone has 10 MB, as Python objects far more; a million must fit
    assert len(json.loads((tmp_path / 'a').read_text())['points']) == (many.labels == 0).sum()


def test_summary_takes_numpy_and_says_null_for_what_is_not_finite(tmp_path):
    write_summary(tmp_path / 'summary.json', dict(a=np.float32(0.5), b=np.int64(3), c=np.arange(2), d=(1, 2), e=float('nan'),
                                                  f=Path('x/y'), g={1: None}, h='µm', i=HOTSPOT.count))
    text = (tmp_path / 'summary.json').read_text(encoding='utf-8')
    assert json.loads(text) == dict(a=0.5, b=3, c=[0, 1], d=[1, 2], e=None, f='x/y', g={'1': None}, h='µm', i=2)
    with pytest.raises(ValueError, match='summary.json: cannot be written as JSON'):
        write_summary(tmp_path / 'summary.json', dict(a=object()))
    assert [path.name for path in tmp_path.iterdir()] == ['summary.json']
    assert (tmp_path / 'summary.json').read_text(encoding='utf-8') == text


def test_an_unwritable_place_is_named_and_left_clean(tmp_path, detections):
    (tmp_path / 'file').write_text('')
    for write in (write_csv, write_geojson):
        with pytest.raises(ValueError, match='file'):
            write(tmp_path / 'file' / 'a.csv', detections)
