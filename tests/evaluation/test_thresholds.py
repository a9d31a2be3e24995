"""A threshold is chosen on validation data, frozen in a file, and never silently one of the test set's own."""

import json

import pytest

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.thresholds import read_threshold, write_threshold


def frames(place=0, name='a.png'):
    """F1 is 1 at 0.8."""
    return [Frame([[place, 0]], [[place, 0], [place + 50, 0]], [0.8, 0.7], name=name)]


def test_chosen_frozen_and_used(tmp_path):
    write_threshold(tmp_path / 'threshold.json', evaluate(frames(), '5px', resamples=0), 'val.json')
    threshold = read_threshold(tmp_path / 'threshold.json')
    assert (threshold.value, threshold.chosen_on, threshold.f1_there) == (0.8, 'val.json', 1)
    found = evaluate(frames(place=7, name='b.png'), '5px', threshold=threshold, resamples=0)
    assert (found.overall.tp, found.overall.fp) == (1, 0)
    assert found.threshold.text() == '0.8 (chosen on val.json)' and not found.threshold.flatters
    assert found.to_dict()['threshold'] == dict(value=0.8, origin='file', chosen_on='val.json', f1_there=1, shared_frames=0, flatters=False)


def test_where_a_threshold_comes_from_is_always_said():
    best = evaluate(frames(), '5px', resamples=0).threshold
    assert (best.origin, best.flatters) == ('best_on_this_set', True) and best.text() == '0.8 (tuned on the evaluated set)'
    fixed = evaluate(frames(), '5px', threshold=0.75, resamples=0).threshold
    assert (fixed.origin, fixed.flatters) == ('fixed', False) and fixed.text() == '0.75 (fixed beforehand)'


def test_a_file_chosen_on_frames_of_the_very_set_is_found_out(tmp_path):
    path = tmp_path / 'threshold.json'
    empty = Frame([], [[0, 0]], [0.1], name='empty.png')
    write_threshold(path, evaluate([*frames(), *frames(7, 'b.png'), empty], '5px', resamples=0), 'val.json')
    # elsewhere on the disk, and beside frames that were not in it
    found = evaluate(frames(name='/data/a.png') + frames(9, 'c.png'), '5px', threshold=read_threshold(path), resamples=0).threshold
    assert found.flatters and found.shared_frames == 1
    assert found.text() == '0.8 (chosen on val.json, which holds 1 of these frames)'
    # only its name is alike, only its one mitosis, or it has none
    for other in (frames(9, 'a.png'), frames(0, 'c.png'), [Frame([], [[0, 0]], [0.9], name='empty.png')]):
        assert not evaluate(other, '5px', threshold=read_threshold(path), resamples=0).threshold.flatters


@pytest.mark.parametrize('wrong', [dict(radius='6px'), dict(matching='amida'), dict(name='hard negative')])
def test_a_file_of_another_class_or_rule_is_refused(tmp_path, wrong):
    write_threshold(tmp_path / 'threshold.json', evaluate(frames(), '5px', resamples=0), 'val.json')
    with pytest.raises(ValueError, match='was chosen on val.json for .*' + next(iter(wrong.values()))):
        evaluate(frames(9), threshold=read_threshold(tmp_path / 'threshold.json'), **dict(dict(radius='5px'), **wrong))


@pytest.mark.parametrize(('content', 'said'), [
    (None, 'cannot be read'),
    ('{', 'not JSON'),
    ('[0.5]', 'no threshold file'),
    ('{"threshold": 0.5}', 'no threshold file'),
    (json.dumps(dict(format='mitos_mmdet threshold', threshold='0.5')), "threshold '0.5' is no score"),
    (json.dumps(dict(format='mitos_mmdet threshold', threshold=float('nan'))), 'threshold nan is no score'),
])
def test_files_that_are_none(tmp_path, content, said):
    path = tmp_path / 'threshold.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=rf'threshold\.json: {said}'):
        read_threshold(path)


def test_nothing_to_freeze(tmp_path):
    for given in (evaluate(frames(), '5px', threshold=0.5, resamples=0),
                  evaluate([Frame([[0, 0]], [], [])], '5px', resamples=0)):
        with pytest.raises(ValueError, match='no threshold to freeze'):
            write_threshold(tmp_path / 'threshold.json', given, 'val.json')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('wrong', ['0.5', float('nan'), True])
def test_what_is_no_score_is_refused(wrong):
    with pytest.raises(ValueError, match='is no score'):
        evaluate(frames(), '5px', threshold=wrong)
