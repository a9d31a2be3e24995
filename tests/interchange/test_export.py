import json

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.export import EXPORTS, export, write_folder
from mitos_mmdet.interchange.frame_names import key_of
from mitos_mmdet.interchange.grand_challenge_check import submission_faults
from mitos_mmdet.interchange.points import FramePoints, points_of
from mitos_mmdet.interchange.recognise import read_points


@pytest.fixture
def frames():
    """Numbers as a model gives them (float32), as arithmetic does (any float), at the edges; one frame is empty."""
    rng = np.random.default_rng(5)
    made = []
    for name, um_per_px in (('x/01/01.tif', (.25, .25)), ('x/01/02.tif', (1633 / 7215, .2275)), ('x/02/07.tif', (1 / 3, 1e-1))):
        xy = np.concatenate([rng.uniform(0, 7215, (400, 2)).astype(np.float32), rng.uniform(0, 7215, (400, 2)),
                             [[0, 0], [1e-9, -3.5], [0.1 + 0.2, 123456.789012345]]]) if name != 'x/02/07.tif' else np.zeros((0, 2))
        scores = np.concatenate([rng.uniform(0, 1, max(len(xy) - 3, 0)).astype(np.float32), [0, 1, 5e-324][:len(xy)]])
        made.append(FramePoints(name, xy.astype(float), np.full(len(xy), MITOSIS, dtype=object), scores.astype(float),
                                um_per_px=um_per_px))
    return made


@pytest.mark.parametrize('to', EXPORTS)
def test_what_is_read_back_is_the_same_to_the_last_bit(tmp_path, frames, to):
    files, written, notes = export(frames, to, threshold=.5 if to.startswith('grand') else None)
    write_folder(files, tmp_path / 'out')
    back = read_points(tmp_path / 'out' / 'detections.json' if to == 'mitos-mmdet' else tmp_path / 'out')
    assert back.format == to.removesuffix('-2025') and written == 1606 and notes == []
    for frame, its in zip(frames, back.frames, strict=True):
        np.testing.assert_array_equal(its.in_px(frame.um_per_px), frame.xy)
        np.testing.assert_array_equal(its.scores, frame.scores)
        assert its.labels.tolist() == frame.labels.tolist()
        if to.startswith('grand') and len(frame):
            np.testing.assert_array_equal(its.kept, frame.scores >= .5)


@pytest.mark.parametrize('to', ['grand-challenge', 'grand-challenge-2025'])
def test_submissions_would_be_taken_and_come_back_in_mm(tmp_path, frames, to):
    write_folder(export(frames, to, .5)[0], tmp_path / 'out')
    assert submission_faults(tmp_path / 'out') == (3, [])
    again = read_points(tmp_path / 'out')
    files = dict(export(again.frames, to)[0])  # its own names say which points count
    assert files == {path: (tmp_path / 'out' / path).read_text() for path in files}


def test_the_layout_of_2025(frames):
    files = dict(export(frames, 'grand-challenge-2025', .5)[0])
    jobs = json.loads(files['predictions.json'])
    assert [job['inputs'][0]['image']['name'] for job in jobs] == ['01.tif', '02.tif', '07.tif']
    assert all(f'{job["pk"]}/output/mitotic-figures.json' in files for job in jobs) and len(files) == 4
    assert dict(export(frames, 'grand-challenge-2025', .5)[0]) == files  # the same every time


def test_points_under_the_threshold_are_renamed_in_submissions_and_left_out_elsewhere():
    frame = points_of('01/02', [(1, 2, MITOSIS, .5), (3, 4, MITOSIS, .25)], 'a', um_per_px=(.25, .25))
    text = json.loads(export([frame], 'grand-challenge', .5)[0][0][1])
    assert [point['name'] for point in text['points']] == ['mitotic figure', 'non-mitotic figure']
    assert export([frame], 'tupac16', .5)[0] == [('01/02.csv', '2.0,1.0,0.5\n')] and export([frame], 'csv', .5)[1] == 1


def test_other_classes():
    frame = points_of('01/02', [(1, 2, MITOSIS, .5), (3, 4, HARD_NEGATIVE, .25)], 'a', um_per_px=(.25, .25))
    for to in ('grand-challenge', 'grand-challenge-2025', 'tupac16'):
        _, written, notes = export([frame], to, .1)
        assert written == 1 and notes == ["1 points of other classes than 'mitotic figure' are left out, this format has none"]
    assert [name for name, _ in export([frame], 'csv')[0]] == ['02_mitosis.csv', '02_not_mitosis.csv']
    assert export([frame], 'qupath')[1] == 2
    with pytest.raises(ValueError, match="the class 'Tumor' has no file"):
        export([points_of('a', [(1, 2, 'Tumor', .5)], 'a')], 'csv')


@pytest.mark.parametrize('to, change, threshold, words', [
    ('xml', {}, None, "'xml' is no format to write"), ('tupac16', dict(name='H05_00Ab'), None, 'TUPAC16 names frames CC/II'),
    ('grand-challenge', dict(um_per_px=None), .5, 'has no usable pixel size'), ('grand-challenge', {}, None, 'says which points count'),
    ('grand-challenge', dict(scores=None), .5, 'have no scores'), ('csv', dict(scores=None), .5, 'have no scores'),
    ('grand-challenge', dict(scores=np.array([1.5])), .5, 'are no probabilities'), ('csv', dict(unit='mm'), None, 'is in mm, csv is in px'),
])
def test_what_a_format_cannot_hold(to, change, threshold, words):
    frame = FramePoints(**dict(name='01/02', xy=np.array([[1., 2]]), labels=np.array([MITOSIS], dtype=object), scores=np.array([.5]),
                               um_per_px=(.25, .25)) | change)
    with pytest.raises(ValueError, match=words):
        export([frame], to, threshold)


def test_two_frames_of_one_file():
    with pytest.raises(ValueError, match=r'01\.geojson: two frames would get this file'):
        export([points_of('a/01.tif', [], ''), points_of('a/01.png', [], '')], 'qupath')


@pytest.mark.parametrize('to', ['grand-challenge', 'csv', 'qupath'])
def test_frames_called_alike_get_files_in_their_folders(tmp_path, to):
    frames = [points_of(f'/x/{name}.tif', [(1, 2, MITOSIS, .5)], '', um_per_px=(.25, .25)) for name in ('01/01', '02/01', '02/lone')]
    write_folder(export(frames, to, .5)[0], tmp_path / 'out')
    assert sorted(key_of(frame.name) for frame in read_points(tmp_path / 'out').frames) == [('01', '01'), ('02', '01'), ('lone', )]


def test_the_folder_of_the_json_is_read(tmp_path):
    write_folder(export([points_of('a', [(1, 2, MITOSIS, .5)], '')], 'mitos-mmdet')[0], tmp_path / 'out')
    assert [frame.name for frame in read_points(tmp_path / 'out').frames] == ['a']


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'theirs').write_text('')
    with pytest.raises(ValueError, match='is there already'):
        write_folder([('a', '')], tmp_path / 'full')
    with pytest.raises(ValueError, match='cannot be written'):
        write_folder([('a', 'x'), ('a/b', 'y')], tmp_path / 'new')
    (tmp_path / 'empty').mkdir()
    write_folder([('deep/a', 'x')], tmp_path / 'empty')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['empty', 'full'] and (tmp_path / 'empty/deep/a').read_text() == 'x'
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='cannot be written'):
        write_folder([('a', 'x')], tmp_path / 'file' / 'out')


@pytest.mark.parametrize('path', ['/.geojson', '/etc/x.json', '../x.json', 'a/../../x.json', 'a\x1b.json', '\ud800.json'])
def test_a_name_that_leads_out_writes_nothing(tmp_path, path):
    with pytest.raises(ValueError, match='the name .* Rename it') as error:
        write_folder([('a.json', '{}'), (path, '{}')], tmp_path / 'deep' / 'out')
    assert str(error.value).isprintable() and list((tmp_path / 'deep').iterdir()) == []


def test_the_longest_name_is_shortened(tmp_path):
    write_folder([('x' * 255 + '.geojson', '{}'), ('x' * 255 + 'y.geojson', '{}')], tmp_path / 'out')
    assert len(list((tmp_path / 'out').iterdir())) == 2


@pytest.mark.parametrize('name', ['', '..', 'a/..'])
def test_a_frame_whose_name_is_no_file_name(name):
    frame = points_of(name, [(1, 2, MITOSIS, .5)], 'here')
    with pytest.raises(ValueError, match='has no name that a file could have'):
        export([frame], 'qupath')
