import json

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.submitted import submitted_threshold
from mitos_mmdet.interchange.grand_challenge_check import submission_faults
from mitos_mmdet.interchange.grand_challenge_schema import faults
from mitos_mmdet.interchange.recognise import read_points


def point(x=.1, y=.2, probability=.9, name='mitotic figure'):
    given = dict(point=[x, y, 0], probability=probability, name=name)
    return {key: value for key, value in given.items() if value is not None}


def submission(*points, **more):
    return dict(name='Points of interest', type='Multiple points', points=list(points), version=dict(major=1, minor=0)) | more


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def job(pk, name, status='Succeeded', slug='mitotic-figures', value=None):
    return dict(pk=pk, status=status, inputs=[dict(image=dict(name=name)), dict(image=None)],
                outputs=[dict(value=value, interface=dict(slug=slug, relative_path='mitotic-figures.json'))])


def test_all_points_are_candidates_and_the_name_says_which_count(tmp_path):
    made = read_points(put(tmp_path / '007.json', submission(point(), point(probability=.4, name='non-mitotic figure'))))
    frame = made.frames[0]
    assert (frame.name, frame.unit, frame.labels.tolist()) == ('007', 'mm', [MITOSIS, MITOSIS])
    assert frame.scores.tolist() == [.9, .4] and frame.kept.tolist() == [True, False] and made.notes == []
    assert read_points(tmp_path / '007.json', is_truth=True).frames[0].labels.tolist() == [MITOSIS, HARD_NEGATIVE]


def test_2021_has_neither_scores_nor_names(tmp_path):
    made = read_points(put(tmp_path / '007.json', submission(point(probability=None, name=None))))
    assert not made.has_scores and made.frames[0].kept is None
    assert submitted_threshold(made)[1] == 1 and 'no scores' in submitted_threshold(made)[2]


@pytest.mark.parametrize('name, frame', [
    ('007.json', '007'), ('007/mitotic-figures.json', '007'), ('007/output/mitotic-figures.json', '007'), ('a/007.json', 'a/007'),
])
def test_a_folder_of_one_json_an_image(tmp_path, name, frame):
    put(tmp_path / name, submission(point()))
    put(tmp_path / '008.json', submission())
    assert {each.name: len(each) for each in read_points(tmp_path).frames} == {frame: 1, '008': 0}


def test_the_index_says_whose_output_it_is(tmp_path):
    put(tmp_path / 'input/predictions.json', [job('p1', '007.tiff'), job('p2', '008.tiff', 'Failed'),
                                              job('p3', '009.tiff', value=submission(point(), point()))])  # 2021: in the index
    put(tmp_path / 'input/p1/output/mitotic-figures.json', submission(point()))
    for given in (tmp_path, tmp_path / 'input', tmp_path / 'input/predictions.json'):
        made = read_points(given)
        assert {each.name: len(each) for each in made.frames} == {'007.tiff': 1, '008.tiff': 0, '009.tiff': 2}
        assert '1 images, for example 008.tiff, have a run that did not succeed' in made.notes[0]
    (tmp_path / 'input/p1/output/mitotic-figures.json').unlink()
    with pytest.raises(ValueError, match=r'mitotic-figures\.json: no such file, which predictions\.json says is the output of 007\.tiff'):
        read_points(tmp_path)


@pytest.mark.parametrize('jobs, words', [
    ([job('p', 'a', slug='multiple-mitotic-figure-classification')], 'second track classify'),
    ([dict(job('p', 'a'), inputs=[])], 'job p names 0 images'),
    ([job('p', 'a', value=submission()), job('q', 'a', value=submission())], "holds the frame 'a' twice"),
    ([job('p', 'a', value=dict(class_='normal'))], "no object with a list 'points'"),
])
def test_a_bad_index(tmp_path, jobs, words):
    put(tmp_path / 'predictions.json', jobs)
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path)


@pytest.mark.parametrize('bad, words', [
    (dict(point=[.1, .2]), "point 2 has 'point' \\[0.1, 0.2\\], it must be three numbers"), (dict(point=['a', 1, 0]), 'three numbers'),
    (dict(), "has 'point' None"), (dict(point=[.1, float('nan'), 0]), 'three numbers'), ('x', "is 'x', not an object"),
    (point(probability=1.2), 'probability 1.2, it must be a number from 0 to 1'), (point(probability='.5'), 'probability .5'),
    (point(probability=True), 'probability True'), (point(probability=float('nan')), 'probability nan'),
    (point(probability=None), 'point 2 has no score and others have'),
])
def test_what_a_point_must_be(tmp_path, bad, words):
    put(tmp_path / '007.json', submission(point(), bad))
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path)


@pytest.mark.parametrize('content, fault', [
    ([], "is not an object with a list 'points'"), (submission() | dict(points={}), "is not an object with a list 'points'"),
    ({key: value for key, value in submission().items() if key != 'version'}, "lacks 'version'"),
    ({key: value for key, value in submission().items() if key != 'type'}, "lacks 'type'"),
    (submission(type='Mulitple points'), "has type 'Mulitple points'"),  # as MIDOG's own reference has it
    (submission(version=1), 'has version 1'), (submission(version=dict(major=1)), 'has version'),
    (submission(version=dict(major=1.5, minor=0)), 'has version'), (submission(name=3), 'has name 3'),
    (submission(image='007'), "has 'image', which is not allowed"),
    (submission(dict(point(), label=1)), "point 1 has 'label', which is not allowed"),
    (submission(point(name=None)), "point 1 lacks 'name'"), (submission(point(probability=None)), "point 1 lacks 'probability'"),
    (submission(point(name='mitosis')), "point 1 is named 'mitosis'"), (submission(dict(point(), type='Dot')), "has type 'Dot'"),
    (submission(point(probability=-.1)), 'has probability -0.1'),
])
def test_what_would_be_refused(content, fault):
    assert len(faults(content)) == 1 and fault in faults(content)[0]


def test_what_would_be_taken(tmp_path):
    good = submission(point(), dict(point(), type='Point'), point(probability=0, name='non-mitotic figure'))
    assert faults(good) == [] == faults(submission())
    assert faults({key: value for key, value in good.items() if key != 'name'}) == []  # the platform does not ask for it
    put(tmp_path / '007.json', good)
    put(tmp_path / '008.json', submission(type='Points', version=2))
    assert submission_faults(tmp_path) == (2, [(tmp_path / '008.json', "has type 'Points', it must be 'Multiple points'"),
                                               (tmp_path / '008.json', 'has version 2, it must be like {"major": 1, "minor": 0}')])
    assert "1 of these files, for example 008.json, which has type 'Points'" in read_points(tmp_path).notes[0]  # scored all the same


@pytest.mark.parametrize('content, about', [
    ({'a.tiff': [[.1, .2, 0], [.3, .4, 0]], 'b.tiff': []}, (None, None)),  # 2021, 2022
    ({'a.tiff': {'annotations': [[.1, .2, 0], [.3, .4, 0]], 'tumor domain': 0, 'roi type': 'random'}, 'b.tiff': {'annotations': []}},
     ('tumor 0', 'random')),  # 2025
])
def test_the_ground_truth_of_the_evaluators(tmp_path, content, about):
    first, second = read_points(put(tmp_path / 'gt.json', content), is_truth=True).frames
    assert (len(first), len(second), first.unit, first.in_px((1, 1)).tolist()) == (2, 0, 'mm', [[100, 200], [300, 400]])
    assert (first.domain, first.region_type) == about


@pytest.mark.parametrize('bad', [[.1], ['a', 1, 0], [True, 1, 0], 3])
def test_a_bad_ground_truth(tmp_path, bad):
    put(tmp_path / 'gt.json', {'007.tiff': dict(annotations=[bad])})
    with pytest.raises(ValueError, match=r'007\.tiff has the point'):
        read_points(tmp_path / 'gt.json', is_truth=True)


@pytest.mark.parametrize('points, threshold, left, words', [
    ([point(probability=.9), point(probability=.5), point(probability=.4, name='non-mitotic figure')], .5, 3, "its own, the least score"),
    ([point(probability=.9), point(probability=.5), point(probability=.6, name='non-mitotic figure')], .5, 2, '1 others have as high'),
    ([point(probability=.9, name='non-mitotic figure')], np.nextafter(.9, 1), 1, 'none counts'),
    ([], np.nextafter(0, 1), 0, 'none counts'),
])
def test_the_author_s_own_threshold(tmp_path, points, threshold, left, words):
    made, at, origin = submitted_threshold(read_points(put(tmp_path / '007.json', submission(*points))))
    if points:
        assert (at, made.num_points) == (threshold, left) and words in origin
        assert sum(made.frames[0].scores >= at) == sum(each['name'] == 'mitotic figure' for each in points)
    else:
        assert at is None
