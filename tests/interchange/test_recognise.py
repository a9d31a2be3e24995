import json
import pickle

import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS, categories
from mitos_mmdet.interchange.detections_json import DETECTIONS_FORMAT
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.recognise import FORMATS, read_points

POINT = dict(x=10, y=20, score=.5, label=MITOSIS)
DETECTIONS = dict(format=DETECTIONS_FORMAT, version=1, classes=[MITOSIS], frames=[
    dict(file_name='f/a.png', width=100, height=80, um_per_px=[.25, .25], scanner='S', domain='D', case_id='c', points=[POINT])])
COCO = dict(images=[dict(id=7, file_name='a.png', width=100, height=80)], categories=categories(),
            annotations=[dict(id=1, image_id=7, category_id=2, bbox=[5, 10, 10, 20])])
MIDOG = dict(images=[dict(id=1, file_name='001.tiff', width=100, height=80)], categories=[dict(id=1, name='mitotic figure')],
             annotations=[dict(id=1, image_id=1, category_id=1, bbox=[5, 10, 55, 60])])
SUBMISSION = dict(type='Multiple points', points=[dict(point=[.1, .2, 0])], version=dict(major=1, minor=0))
FEATURE = dict(type='Feature', geometry=dict(type='Point', coordinates=[1, 2]), properties={})


@pytest.mark.parametrize('name, content, format', [
    ('a.json', DETECTIONS, 'mitos-mmdet'), ('a.json', COCO, 'coco'), ('a.json', MIDOG, 'midog'),
    ('a.json', SUBMISSION, 'grand-challenge'), ('any/007.json', SUBMISSION, 'grand-challenge'),
    ('a.json', {'007.tiff': [[.1, .2, 0]]}, 'grand-challenge-truth'), ('a.json', {'007.tiff': []}, 'grand-challenge-truth'),
    ('a.json', {'007.tiff': dict(annotations=[])}, 'grand-challenge-truth'),
    ('a.geojson', dict(type='FeatureCollection', features=[FEATURE]), 'qupath'), ('a.json', [FEATURE], 'qupath'),
    ('folder/a.geojson', FEATURE, 'qupath'),
    ('01/02.csv', '3,4\n', 'tupac16'), ('A00_01.csv', '1,2,1,3,2,2\n', 'icpr2012'), ('A00_01.csv', '1,2,0.5\n', 'csv'),
    ('H03/mitosis/H03_00Aa_mitosis.csv', '1,2,0.8\n', 'mitos-atypia-14'), ('H03_00Aa_mitosis.csv', '1,2,0.8\n', 'csv'),
    ('007.csv', '', 'csv'),
])
def test_content_tells_the_format(tmp_path, name, content, format):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    given = tmp_path if '/' in name else path
    assert read_points(given).format == format
    assert read_points(given, format).num_points == read_points(given).num_points  # forced


def test_our_detections(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps(DETECTIONS | dict(skipped=[dict(file_name='b.png', reason='truncated')])))
    made = read_points(tmp_path / 'a.json')
    frame = made.frames[0]
    assert (frame.name, frame.xy.tolist(), frame.scores.tolist(), frame.labels.tolist()) == ('f/a.png', [[10, 20]], [.5], [MITOSIS])
    assert (frame.um_per_px, frame.size_px, frame.scanner, frame.domain, frame.case_id) == ((.25, .25), (100, 80), 'S', 'D', 'c')
    assert made.notes == ['1 frames were skipped when the detections were made, for example b.png: truncated']


@pytest.mark.parametrize('change, words', [
    (dict(version=2), 'version 2 of detections'),
    (dict(frames=[dict(points=[])]), 'frame 0 lacks file_name'),
    (dict(frames=[dict(file_name='a', points=[dict(POINT, x='1')])]), "a: point 1 is at x='1', y=20, which is no place"),
    (dict(frames=[dict(file_name='a', points=[dict(x=1, y=2)])]), 'a: point 1 lacks x, y or label'),
    (dict(frames=[dict(file_name='a', points=[dict(POINT, score=True)])]), 'a: point 1 has the score True'),
    (dict(frames=[dict(file_name='a', points=[dict(POINT, label=3)])]), 'a: point 1 has the class 3, which is no name'),
    (dict(frames=[dict(file_name='a', points=[], um_per_px=[.25])]), r'a: um_per_px is \[0.25\], not two numbers above 0'),
    (dict(frames=[dict(file_name='a', points=[], width=-1, height=5)]), r'a: size_px is \(-1, 5\)'),
    (dict(frames=[dict(file_name='a', points=[], scanner=['S'])]), 'a: scanner is .* which is no name'),
    (dict(frames=[dict(file_name='a', points=[dict(POINT, score=float('nan'))])]), 'a: point 1 has the score nan'),
    (dict(frames=[]), 'holds no frames'),
])
def test_bad_detections(tmp_path, change, words):
    (tmp_path / 'a.json').write_text(json.dumps(DETECTIONS | change))
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / 'a.json')


@pytest.mark.parametrize(('name', 'text'), [('a.csv', 'image,x,y,score\n'), ('a.json', json.dumps(DETECTIONS | dict(frames=[])))])
def test_beside_a_truth_a_detector_may_have_found_nothing(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    truth = PointFile(tmp_path / 't.json', 'coco', [points_of('1', [], '1')])
    made = read_points(tmp_path / name, truth=truth)
    assert made.frames == [] and made.notes == [f'{name} holds no detections: nothing was found on any frame']
    with pytest.raises(ValueError, match='holds no frames'):
        read_points(tmp_path / name)


def test_coco_takes_the_centroid_or_the_box_s_centre(tmp_path):
    content = json.loads(json.dumps(COCO))
    content['annotations'] += [dict(id=2, image_id=7, category_id=1, bbox=[0, 0, 4, 4], centroid=[1.5, 2.5]),
                               dict(id=3, image_id=7, category_id=1, bbox=[0, 0, 4, 4], iscrowd=1)]
    content['images'].append(dict(id=8, file_name='b.png', width=9, height=9, um_per_px=.25, labelled=False, region_type='hotspot'))
    (tmp_path / 'a.json').write_text(json.dumps(content))
    made = read_points(tmp_path / 'a.json')
    assert made.frames[0].xy.tolist() == [[10, 20], [1.5, 2.5]] and made.frames[0].labels.tolist() == [HARD_NEGATIVE, MITOSIS]
    assert made.notes == ['1 annotations are crowds (iscrowd) and left out']
    second = made.frames[1]
    assert (second.um_per_px, second.labelled, second.region_type, second.size_px) == ((.25, .25), False, 'hotspot', (9, 9))
    content['annotations'][0]['image_id'] = 9
    (tmp_path / 'a.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match='annotation 1 is of image 9'):
        read_points(tmp_path / 'a.json')


@pytest.mark.parametrize('entry, words', [
    (dict(image_id=9), "result 1 has image_id 9, which the truth"), (dict(category_id=[1]), 'has category_id'),
    (dict(bbox=[1, 2, 3]), 'has bbox'), (dict(score=None), 'has no score'),
    (dict(score='1'), "has the score '1'"), (dict(score=float('nan')), 'score nan'),
])
def test_coco_results_go_by_the_truth_s_numbers(tmp_path, entry, words):
    good = dict(image_id=7, category_id=1, bbox=[0, 0, 4, 8], score=.5)
    (tmp_path / 'truth.json').write_text(json.dumps(COCO))
    (tmp_path / 'det.json').write_text(json.dumps([good]))
    truth = read_points(tmp_path / 'truth.json', is_truth=True)
    made = read_points(tmp_path / 'det.json', truth=truth)
    assert made.format == 'coco-results' and made.frames[0].xy.tolist() == [[2, 4]] and made.frames[0].name == 'a.png'
    (tmp_path / 'none.json').write_text('[]')
    assert [(frame.name, len(frame)) for frame in read_points(tmp_path / 'none.json', truth=truth).frames] == [('a.png', 0)]
    with pytest.raises(ValueError, match='name images by number'):
        read_points(tmp_path / 'det.json')
    (tmp_path / 'det.json').write_text(json.dumps([good, good | entry]))
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / 'det.json', truth=truth)


class _Bomb:
    def __reduce__(self):
        return exec, ('raise SystemExit("a pickle was run")', )


@pytest.mark.parametrize('name', ['results.pkl', 'results.json', 'model.pth'])
def test_a_pickle_is_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ValueError, match=r'a pickle, which runs code when it is read.*mitos test .*--out detections\.json'):
        read_points(tmp_path / name)


@pytest.mark.parametrize('name, content, words', [
    ('nowhere.json', None, 'no such file'), ('a.json', '', 'is empty'), ('a.json', '{"a": 1', 'not JSON'),
    ('a.json', '{"a": 1}', 'of no format'), ('a.json', '[]', 'name images by number'),
    ('a.txt', 'hello', 'Known are: mitos-mmdet'), ('a.json', '{"007": [], "007": []}', "'007' twice"),
    ('a.json', '[' * 100000, 'nested too deep'), ('a.csv', 'a,b\n', 'no columns of a place among a, b. Call them x and y'),
    ('a.csv', '1,b\n', 'is not a number'), ('a.csv', '1,2,3,4\n', 'has 4 columns'),
    ('a.csv', '1,2,nan\n', "'nan' is not a number"), ('a.csv', b'\xff\xfe,', 'UTF-16'),
])
def test_what_cannot_be_read(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / name)


def test_an_empty_folder_and_an_unknown_format(tmp_path):
    with pytest.raises(ValueError, match=r'holds no \.json, \.geojson or \.csv'):
        read_points(tmp_path)
    (tmp_path / 'a.csv').write_text('1,2\n')
    with pytest.raises(ValueError, match="'xml' is no format known here"):
        read_points(tmp_path, 'xml')


def test_every_format_is_explained():
    assert all(module.EXPLAINED and module.recognises and module.read for module in FORMATS.values())
