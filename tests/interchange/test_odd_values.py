"""Values of the wrong kind, empty features and labels listed twice: the right points, a note, or one clear error."""

import json

import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.interchange.recognise import read_points

PLACES = [[852, 649], [946, 749], [25, 23], [500, 400]]


def feature(kind, coordinates, **properties):
    return dict(type='Feature', geometry=dict(type=kind, coordinates=coordinates), properties=properties)


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def truth_of(folder):
    image = dict(id=1, file_name='005.tiff', width=1024, height=768, um_per_px=[.23, .23])
    labels = [dict(id=number, image_id=1, category_id=1, bbox=[x - 25, y - 25, 50, 50]) for number, (x, y) in enumerate(PLACES)]
    write(folder, {'truth.json': dict(images=[image], annotations=labels, categories=categories())})
    return read_points(folder / 'truth.json', is_truth=True)


def counts(truth, found):
    made = counts_at(pair(truth, found).frames(), Length(7.5, 'um'))
    return made.tp, made.fp, made.fn


def test_features_without_a_geometry_are_left_out_and_named(tmp_path):
    empty = [dict(type='Feature', geometry=None, properties={}), feature('Polygon', [])]
    named = [feature('Point', place, classification=dict(name='Mitosis')) for place in PLACES]
    found = read_points(write(tmp_path / 'found', {'005.geojson': dict(type='FeatureCollection', features=named + empty)}))
    assert counts(truth_of(tmp_path), found) == (4, 0, 0) and found.notes == ['2 features without a geometry are left out']


def test_an_annotation_called_as_a_class_has_it(tmp_path):
    named = [feature('Point', place, objectType='annotation', name='Mitosis') for place in PLACES]
    other = [feature('Point', [300, 300], objectType='annotation', name='Apoptosis')]
    found = read_points(write(tmp_path / 'found', {'005.geojson': dict(type='FeatureCollection', features=named + other)}))
    assert counts(truth_of(tmp_path), found) == (4, 0, 0) and '1 objects without a class' in found.notes[0]


def test_fractions_are_called_fractions(tmp_path):
    lines = ''.join(f'{x / 1024},{y / 768},0.9\n' for x, y in PLACES)
    with pytest.raises(ValueError, match='fractions of the width and height'):
        pair(truth_of(tmp_path), read_points(write(tmp_path / 'found', {'005.csv': lines})))


@pytest.mark.parametrize('change, words', [
    (dict(um_per_px=[230, 230]), 'um_per_px is .*nm or mm perhaps'), (dict(um_per_px=[.00023, .00023]), 'nm or mm perhaps'),
    (dict(um_per_px='0.23'), "um_per_px is '0.23', not two numbers"), (dict(width='1024'), "has width '1024', which is no whole number")])
def test_pixel_sizes_and_widths_of_the_wrong_kind(tmp_path, change, words):
    truth_of(tmp_path)
    content = json.loads((tmp_path / 'truth.json').read_text())
    content['images'][0].update(change)
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / 'truth.json', is_truth=True)


@pytest.mark.parametrize('value', [False, 0, 'false', 'False', '0'])
def test_frames_that_nobody_labelled_as_tables_write_it(tmp_path, value):
    truth_of(tmp_path)
    content = json.loads((tmp_path / 'truth.json').read_text())
    content['images'][0]['labelled'] = value
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    assert not read_points(tmp_path / 'truth.json', is_truth=True).frames[0].labelled


def test_labels_listed_twice_are_named(tmp_path):
    truth_of(tmp_path)
    content = json.loads((tmp_path / 'truth.json').read_text())
    content['annotations'] += [dict(entry, id=entry['id'] + 100) for entry in content['annotations'][:2]]
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    assert '2 labels of truth.json lie exactly on another' in read_points(tmp_path / 'truth.json', is_truth=True).notes[0]


def test_json_in_utf_16_is_called_so(tmp_path):
    for codec in ('utf-16', 'utf-16-be'):
        mark = b'\xfe\xff' if codec == 'utf-16-be' else b''
        (tmp_path / 'found.json').write_bytes(mark + json.dumps([dict(image_id=1)]).encode(codec))
        with pytest.raises(ValueError, match='is UTF-16 text'):
            read_points(tmp_path / 'found.json')
