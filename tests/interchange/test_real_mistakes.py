"""Files as other programs and hurried people write them: the right points, or one clear error; never other points in silence."""

import gzip
import json
import unicodedata

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS, categories
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.interchange.frame_names import pair_names
from mitos_mmdet.interchange.recognise import read_points

SQUARE = np.array([[-8, -8], [8, -8], [8, 8], [-8, 8], [-8, -8]])
PLACES = [[852, 649], [946, 749], [25, 23], [500, 400]]
REGION = dict(type='Feature', geometry=dict(type='Polygon', coordinates=[[[100, 100], [900, 100], [900, 700], [100, 700], [100, 100]]]),
              properties=dict(objectType='annotation'))


def polygon(place):
    return [(SQUARE + place).tolist()]


def feature(kind, coordinates, **properties):
    return dict(type='Feature', geometry=dict(type=kind, coordinates=coordinates), properties=properties)


def cells(**properties):
    return [feature('Polygon', polygon(place), **properties) for place in PLACES]


def write(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def truth_of(folder, names=('005.tiff',), ids=None, **more):
    images = [dict(id=number, file_name=name, width=1024, height=768, um_per_px=[.23, .23])
              for number, name in zip(ids or range(1, len(names) + 1), names, strict=True)]
    labels = [dict(id=10 * place + number, image_id=image['id'], category_id=1, bbox=[x - 25, y - 25, 50, 50], **more)
              for place, image in enumerate(images) for number, (x, y) in enumerate(PLACES)]
    (folder / 'truth.json').write_text(json.dumps(dict(images=images, annotations=labels, categories=categories())))
    return read_points(folder / 'truth.json', is_truth=True)


def counts(truth, found):
    made = counts_at(pair(truth, found).frames(), Length(7.5, 'um'))
    return made.tp, made.fp, made.fn


# MultiPolygon per class, as CellViT and dlup write it; then TIAToolbox, LazySlide (text of a dict), KongNet, QuPath 0.2 and 0.6.
@pytest.mark.parametrize('features', [
    [feature('MultiPolygon', [polygon(place) for place in PLACES], objectType='annotation', classification=dict(name='Mitosis'))],
    [feature('MultiPoint', PLACES, objectType='annotation', classification=dict(name='Mitosis'))],
    [feature('MultiPolygon', [polygon(place) for place in PLACES[:2]], classification=dict(name='Mitosis')),
     feature('MultiPolygon', [polygon(place) for place in PLACES[2:]], classification=dict(name='Mitosis'))],
    cells(type='mitotic_figure', prob=.9), cells(type='Mitosis', prob=.9, objectType='annotation'),
    cells(classification='{"name": "mitosis", "color": [1, 2, 3]}', measurements='{"probability": 0.9}'),
    [feature('Point', place, objectType='annotation', name='mitosis', classification=dict(name='mitosis', color=[1, 2, 3]))
     for place in PLACES],
    [each | dict(id='PathDetectionObject') for each in cells(classification=dict(name='Mitosis', colorRGB=-3670016), isLocked=False,
                                                             measurements=[dict(name='Probability', value=.9)])],
    [feature('GeometryCollection', None, classification=dict(name='Mitosis'))
     | dict(geometry=dict(type='GeometryCollection', geometries=[dict(type='Point', coordinates=place) for place in PLACES]))],
    cells(objectType='detection', measurements={'Detection probability': .9}) + [REGION],
    cells(objectType='detection') + [REGION], cells() + [REGION], cells(measurements=dict(score=.8)) + [REGION],
    cells(objectType='cell', classification=dict(name='Mitosis')) + [REGION],
    cells(classification=dict(name='Mitosis'), measurements=dict(score=.8)) + [
        feature('Polygon', REGION['geometry']['coordinates'], classification=dict(name='Region*'))],
])
def test_geojson_of_other_programs(tmp_path, features):
    write(tmp_path / 'found', {'005.geojson': features})
    assert counts(truth_of(tmp_path), read_points(tmp_path / 'found')) == (4, 0, 0)


def test_a_mitotic_figure_of_two_parts_is_one(tmp_path):
    telophase = feature('MultiPolygon', [polygon((852, 640)), polygon((852, 658))], classification=dict(name='Mitosis'))
    others = [feature('Point', place, classification=dict(name='Mitosis')) for place in PLACES[1:]]
    write(tmp_path / 'found', {'005.geojson': [telophase, *others]})
    assert counts(truth_of(tmp_path), read_points(tmp_path / 'found')) == (4, 0, 0)


@pytest.mark.parametrize('other', [[REGION], [REGION | dict(properties=dict(objectType='annotation', name='ROI'))], []])
def test_a_slide_with_nothing_but_a_region_is_a_negative(tmp_path, other):
    marked = [feature('Point', place, classification=dict(name='Mitosis')) for place in PLACES]
    write(tmp_path / 'truth', {'005.geojson': marked, '006.geojson': dict(type='FeatureCollection', features=other)})
    truth = read_points(tmp_path / 'truth', is_truth=True)
    assert [len(frame) for frame in truth.frames] == [4, 0]
    assert len(truth.notes) == len(other) and all('without a class' in note for note in truth.notes)


def test_kongnet_calls_every_file_alike(tmp_path):
    folder = write(tmp_path, {f'found/00{number}/KongNet.geojson': [feature('Point', place, classification=dict(name='mitosis'))
                                                                    for place in PLACES] for number in (5, 6)})
    assert counts(truth_of(folder, ('005.tiff', '006.tiff')), read_points(folder / 'found')) == (8, 0, 0)


def test_a_database_is_named(tmp_path):
    (tmp_path / 'a.db').write_bytes(b'SQLite format 3\0' + bytes(100))
    with pytest.raises(ValueError, match='a database.*to_geojson'):
        read_points(tmp_path / 'a.db')


def test_gzipped_files_and_linked_folders_are_read_and_others_named(tmp_path):
    text = json.dumps([feature('Point', place, classification=dict(name='Mitosis')) for place in PLACES])
    write(tmp_path, {'found/005.geojson': text, 'elsewhere/006.geojson.gz': gzip.compress(text.encode()), 'found/notes.xml': '<a/>',
                     'found/005.jpg': 'an image beside', '__MACOSX/found/._005.geojson': 'x', 'found/__MACOSX/007.geojson': 'x'})
    (tmp_path / 'found' / 'more').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'elsewhere' / 'loop').symlink_to(tmp_path / 'found')
    found = read_points(tmp_path / 'found')
    assert counts(truth_of(tmp_path, ('005.tiff', '006.tiff')), found) == (8, 0, 0)
    assert found.notes == ['1 files in found are not read (1 of .xml), for example notes.xml']


@pytest.mark.parametrize('broken', [b'\x1f\x8b' + b'rest', gzip.compress(b'[]', mtime=0)[:-4], gzip.compress(b'{', mtime=0)])
def test_damaged_gzip_is_one_line(tmp_path, broken):
    (tmp_path / 'a.geojson.gz').write_bytes(broken)
    with pytest.raises(ValueError, match=r'a\.geojson\.gz: (is damaged gzip|not JSON|of no format|cannot be read)'):
        read_points(tmp_path / 'a.geojson.gz')


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-8'])
@pytest.mark.parametrize('name', ['truth.json', 'det.json', 'a.geojson', 'a.csv'])
def test_a_byte_order_mark_is_no_obstacle(tmp_path, encoding, name):
    content = dict(images=[dict(id=1, file_name='a.png', width=9, height=9)], annotations=[], categories=categories())
    content = {'truth.json': content, 'det.json': dict(format='mitos_mmdet detections', version=1, frames=[dict(file_name='a', points=[])]),
               'a.geojson': [feature('Point', [1, 2])], 'a.csv': None}[name]
    (tmp_path / name).write_text('1,2,.5\n' if content is None else json.dumps(content), encoding=encoding)
    assert len(read_points(tmp_path / name).frames) == 1


@pytest.mark.parametrize('name', ['a.json', 'a.csv', 'a.geojson'])
@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le'])
def test_utf_16_says_what_to_do(tmp_path, name, encoding):
    (tmp_path / name).write_text('1,2,0.5\n' if name == 'a.csv' else '[]', encoding=encoding)
    with pytest.raises(ValueError, match='Save it as UTF-8|of no format'):
        read_points(tmp_path / name, 'csv' if name == 'a.csv' else None)


# An index from 0 or from 1, over all files or in each, shuffled, with a score behind it.
@pytest.mark.parametrize('files', [
    {'005.csv': '0,852,649\n1,946,749\n2,25,23\n3,500,400\n'}, {'005.csv': '1,852,649\n2,946,749\n3,25,23\n'},
    {'005.csv': '2,25,23\n0,852,649\n1,946,749\n'}, {'005.csv': '0,852,649\n'},
    {'005.csv': '0,852,649\n1,946,749\n', '006.csv': '2,25,23\n3,500,400\n'}, {'005.csv': '0,852,649\n', '006.csv': ''},
    {'005.csv': '0,852,649,.9\n1,946,749,.8\n'}, {'01/02.csv': '0,852,649\n1,946,749\n'},
])
def test_an_index_column_is_refused_with_the_right_advice(tmp_path, files):
    with pytest.raises(ValueError, match='numbers the lines.*index=False'):
        read_points(write(tmp_path, files))


def test_a_confidence_in_front_is_refused(tmp_path):
    with pytest.raises(ValueError, match='first column, from 0 to 1, looks like the confidence.*Write x,y,confidence'):
        read_points(write(tmp_path, {'005.csv': '0.9,852,649\n0.8,946,749\n', '006.csv': ''}))


@pytest.mark.parametrize('text', ['1,649,0.9\n2,700,0.8\n', '852,649,93\n946,749,87\n', '3,649,1.7\n900,700,2.5\n', '852,649\n853,650\n'])
def test_what_is_no_index_passes(tmp_path, text):
    (tmp_path / '005.csv').write_text(text)
    assert read_points(tmp_path / '005.csv').num_points == 2


def results(ids, names=None, categories_of=(1, ) * 4):
    return [dict(image_id=number, category_id=category, bbox=[x - 25, y - 25, 50, 50], score=.9) | (dict(file_name=name) if name else {})
            for number, name in zip(ids, names or [None] * len(ids), strict=True)
            for (x, y), category in zip(PLACES, categories_of, strict=True)]


NAMES = ('017.tiff', '018.tiff', '005.tiff', '006.tiff')


# The truth's ids; the stem as number or text, which may be another image's id; a name of its own; ids as text or as floats.
@pytest.mark.parametrize('ids, with_names', [
    ((3, 4), True), ((3, 4), False), ((5, 6), True), (('005', '006'), True), (('a005', 'a006'), True), (('3', '4'), True),
    ((3., 4.), True), (('005', '006'), False), (('images/005.png', '006'), False)])
def test_results_name_their_images(tmp_path, ids, with_names):
    truth = truth_of(tmp_path, NAMES, ids=(5, 6, 3, 4))
    write(tmp_path, {'det.json': results(ids, NAMES[2:] if with_names else None)})
    found = read_points(tmp_path / 'det.json', truth=truth)
    assert {frame.name: len(frame) for frame in found.frames} == {'017.tiff': 0, '018.tiff': 0, '005.tiff': 4, '006.tiff': 4}
    assert bool(found.notes) == (ids[0] in (5, '005', 'a005', 'images/005.png'))


@pytest.mark.parametrize('ids, names, words', [
    ((5, 3), ('005.tiff', '006.tiff'), "result 0 has image_id 5, which is 017.tiff in .* but file_name '005.tiff'"),
    ((3, 4), ('017.tiff', '018.tiff'), 'which is 005.tiff'), ((9, 3), None, 'has image_id 9, which the truth')])
def test_results_that_contradict_themselves(tmp_path, ids, names, words):
    truth = truth_of(tmp_path, NAMES, ids=(5, 6, 3, 4))
    write(tmp_path, {'det.json': results(ids, names)})
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / 'det.json', truth=truth)


def test_corners_in_place_of_width_and_height(tmp_path):
    entries = [dict(entry, bbox=[x, y, x + 50, y + 50]) for entry in results((1, )) for x, y, *_ in [entry['bbox']]]
    write(tmp_path, {'det.json': entries})
    with pytest.raises(ValueError, match='as x1, y1, x2, y2 all lie inside'):
        read_points(tmp_path / 'det.json', truth=truth_of(tmp_path))


@pytest.mark.parametrize('change', [
    dict(images=[dict(id='1', file_name='005.tiff', width=1024, height=768)]),
    dict(images=[dict(id=1.0, file_name='005.tiff', width=1024.0, height=768.0)]),
    dict(categories=[dict(id=0, name=MITOSIS, supercategory='none'), *categories()]), dict(categories=[dict(id='1', name=MITOSIS)]),
    dict(info='text', licenses=None),
])
def test_what_nothing_uses_is_no_obstacle_in_coco(tmp_path, change):
    content = json.loads(truth_of(tmp_path).path.read_text())
    write(tmp_path, {'truth.json': content | change})
    assert read_points(tmp_path / 'truth.json', is_truth=True).frames[0].labels.tolist() == [MITOSIS] * 4


@pytest.mark.parametrize('change, places', [
    (dict(bbox=None, centroid=[5, 6]), [[5, 6]]), (dict(segmentation=[1, 2]), [[10, 10]]), (dict(bbox=[10, 10, 0, 0]), [[10, 10]]),
    (dict(bbox=None, segmentation=[[0, 0, 4, 0, 4, 8, 0, 8]]), [[2, 4]]), (dict(segmentation=dict(size=[9, 9], counts=[0, 0])), [[10, 10]]),
    (dict(score='high'), [[10, 10]]), (dict(score=None), [[10, 10]]), (dict(area='x', iscrowd=None), [[10, 10]])])
def test_the_sound_part_of_a_label_is_scored_by(tmp_path, change, places):
    label = dict(id=1, image_id=1, category_id=1, bbox=[5, 5, 10, 10])
    other = dict(label, id=2, category_id=2, score=.5)  # scores on some objects of a ground truth
    write(tmp_path, {'a.json': dict(images=[dict(id=1, file_name='a.png', width=99, height=99)], categories=categories(),
                                    annotations=[label | change, other])})
    frame, = read_points(tmp_path / 'a.json', is_truth=True).frames
    assert frame.xy[:1].tolist() == places and frame.labels.tolist() == [MITOSIS, HARD_NEGATIVE] and frame.scores is None


@pytest.mark.parametrize('change', [
    dict(bbox=None), dict(bbox=[1, 2, -3, 4]), dict(bbox=[1, 2, float('nan'), 4]), dict(bbox=[10**400, 1, 2, 3])])
def test_a_label_without_a_place_is_an_error(tmp_path, change):
    label = dict(id=7, image_id=1, category_id=1, bbox=[5, 5, 10, 10])
    write(tmp_path, {'a.json': dict(images=[dict(id=1, file_name='a.png', width=99, height=99)], categories=categories(),
                                    annotations=[label | change])})
    with pytest.raises(ValueError, match=r'a\.json: annotation 7'):
        read_points(tmp_path / 'a.json', is_truth=True)


@pytest.mark.parametrize('key', ['interface', 'socket'])
def test_an_index_of_grand_challenge_old_and_new(tmp_path, key):
    jobs = [dict(pk='x', status='Succeeded', inputs=[{'image': dict(name='005.tiff'), key: dict(slug='roi')}],
                 outputs=[{'value': None, key: dict(slug='mitotic-figures', relative_path='mitotic-figures.json')}])]
    points = dict(type='Multiple points', version=dict(major=1, minor=0), points=[
        dict(point=[.1, .2, 0], name='mitotic figure', probability=.9)])
    write(tmp_path, {'predictions.json': jobs, 'x/output/mitotic-figures.json': points})
    frame, = read_points(tmp_path).frames
    assert frame.name == '005.tiff' and len(frame) == 1


@pytest.mark.parametrize('name', ['a.geojson', 'a.json'])
def test_an_empty_list_has_no_detections(tmp_path, name):
    write(tmp_path, {name: '[]'})
    truth = read_points(write(tmp_path, {'t/a.csv': '1,2\n'}) / 't', is_truth=True)
    found = read_points(tmp_path / name, truth=truth)
    assert found.num_points == 0 and counts_of_empty(truth, found) == (0, 0, 1)


def counts_of_empty(truth, found):
    made = counts_at(pair(truth, found).frames(), Length(7.5, 'px'))
    return made.tp, made.fp, made.fn


def test_the_same_frame_in_other_spellings():
    name = 'Gewebe_für_Café/Präparat 1.ome.tif'
    for other in (unicodedata.normalize('NFD', 'Präparat 1.geojson'), 'Präparat 1.ome.tiff.geojson', 'D:\\data\\Präparat 1.csv',
                  'Präparat 1.geojson.gz', 'Präparat 1.ome.tif - Series 0'.partition(' - ')[0]):
        assert pair_names([name], [other]) == {other: name}


@pytest.mark.parametrize('case, found, expected', [
    ('01', 'found', (7, 0, 0)), ('01', 'found_points', (7, 0, 0)), ('02', 'found', (16, 0, 0)), ('04', 'plain', (7, 0, 0)),
    ('04', 'scored', (7, 0, 0)), ('20', 'numbers.json', None), ('20', 'strings.json', None)])
def test_cases_from_bug_reports(shared_data, case, found, expected):
    folder = shared_data.parent / 'cases' / case
    if not folder.is_dir():
        pytest.skip(f'no {folder}')
    truth = read_points(folder / 'truth.json', is_truth=True)
    made = counts(truth, read_points(folder / found, truth=truth))
    mitoses = sum(int((frame.labels == MITOSIS).sum()) for frame in truth.frames)
    if expected is None:
        in_file = sum(entry['category_id'] == 1 for entry in json.loads((folder / found).read_text()))
        expected = in_file, 0, mitoses - in_file
    assert made == expected


def test_cases_of_regions_labels_and_indices(shared_data):
    folder = shared_data.parent / 'cases'
    if not folder.is_dir():
        pytest.skip(f'no {folder}')
    truth = read_points(folder / '04' / 'truth_rois', is_truth=True)
    made = counts_at(pair(truth, read_points(folder / '04' / 'found_csv')).frames(), Length(30, 'px'))
    assert (made.tp, made.fp, made.fn) == (7, 0, 0)
    for case, files in (('12', ['truth']), ('14', ['truth', 'mixed']), ('15', ['truth', 'mixed'])):
        for name in files:
            assert read_points(folder / case / f'{name}.json', is_truth=True).num_points == 13
    with pytest.raises(ValueError, match='numbers the lines'):
        read_points(folder / '22' / 'found')
