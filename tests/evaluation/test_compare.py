"""Two models on the same frames."""

import json

import numpy as np
import pytest

from mitos_mmdet.evaluation.compare import compare
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.tables import comparison_table

GRID = np.column_stack([np.arange(10) * 100.0, np.zeros(10)])


def frame(found, number):
    """Ten mitoses, of which those ``found`` are detected."""
    return Frame(GRID, GRID[found], np.ones(found.sum()), (0.25, 0.25), f'{number:02d}.png', case_id=f'case {number // 2}',
                 size_px=(1000, 1000))


def frames(rng, share, count=24):
    return [frame(rng.random(10) < share, number) for number in range(count)]


def evaluation(share, seed=0, **kwargs):
    return evaluate(frames(np.random.default_rng(seed), share), threshold=0.5, resamples=0, **kwargs)


def test_a_model_with_itself_is_exactly_0():
    found = compare(evaluation(0.7), evaluation(0.7), resamples=50)
    for name, each in found.scores.items():
        assert (each.difference.value, each.difference.low, each.difference.high, each.share_second_better) == (0, 0, 0, 0.5), name
    assert set(found.scores) == {'f1', 'precision', 'recall', 'ap', 'box_ap', 'froc_area', 'froc_area_per_mm2', 'froc_area_midog25',
                                  'count_error_frames', 'count_error_cases', 'ece'}


def test_a_better_model_is_called_better():
    found = compare(evaluation(0.5), evaluation(0.8, seed=1), resamples=200)
    f1, error = found.scores['f1'], found.scores['count_error_frames']
    assert f1.difference.value == pytest.approx(f1.second - f1.first) and 0 < f1.difference.low < f1.difference.value < f1.difference.high
    assert f1.share_second_better == 1
    assert error.difference.high < 0 and error.share_second_better == 1, 'less is better'


def test_a_model_that_found_nothing_can_be_compared():
    nothing = evaluate([frame(np.zeros(10, bool), number) for number in range(4)], resamples=0)
    other = evaluate([frame(np.ones(10, bool), number) for number in range(4)], resamples=0)
    found = compare(nothing, other, resamples=20)
    assert (found.scores['f1'].first, found.scores['f1'].second) == (0, 1)
    assert np.isnan(found.first_threshold.value) and not found.first_threshold.flatters and found.second_threshold.flatters


def test_pairs_narrow_the_interval():
    # frames differ much, the models little: both lose the same frames
    rng = np.random.default_rng(0)
    worse, better = [], []
    for number in range(40):
        found = rng.random(10) < (0.9 if number % 2 else 0.3)
        worse.append(frame(found, number))
        found = found.copy()
        found[np.flatnonzero(~found)[:1]] = True
        better.append(frame(found, number))
    first, second = (evaluate(each, threshold=0.5, resamples=200) for each in (worse, better))
    apart = compare(first, second, resamples=200).scores['recall'].difference
    assert apart.low > 0
    assert apart.high - apart.low < 0.3 * (first.overall.recall.high - first.overall.recall.low)


def test_the_order_of_frames_changes_nothing():
    rng = np.random.default_rng(0)
    second = frames(rng, 0.7)
    found = [compare(evaluation(0.5), evaluate(each, threshold=0.5), resamples=20).to_dict() for each in (second, second[::-1])]
    assert found[0] == found[1]
    json.dumps(found[0], allow_nan=False)


def test_each_model_has_its_own_threshold():
    found = compare(evaluation(0.7), evaluate(frames(np.random.default_rng(0), 0.7), resamples=0), resamples=10)
    assert (found.first_threshold.origin, found.second_threshold.origin) == ('fixed', 'best_on_this_set')


def test_table():
    rows = comparison_table(compare(evaluation(0.5), evaluation(0.8, seed=1), resamples=20), 'old', 'new')
    assert rows[0][1:3] == ['old', 'new'] and rows[1][0] == 'f1' and rows[1][-1] == '1.000'
    assert all(len(row) == len(rows[0]) for row in rows)


def test_what_cannot_be_compared_is_refused():
    one = evaluation(0.7)
    with pytest.raises(ValueError, match='radius 7.5um and 8um'):
        compare(one, evaluation(0.7, radius='8um'))
    with pytest.raises(ValueError, match=r'23\.png is in one of the two evaluations only'):
        compare(one, evaluate(frames(np.random.default_rng(0), 0.7, count=23), threshold=0.5, resamples=0))
    other = frames(np.random.default_rng(0), 0.7)
    other[3].truth_xy = other[3].truth_xy + 1
    with pytest.raises(ValueError, match=r'03\.png: the two evaluations have different truth'):
        compare(one, evaluate(other, threshold=0.5, resamples=0))
    twice = evaluate([Frame([[0, 0]], [], []), Frame([[0, 0]], [], [])], '5px', resamples=0)
    with pytest.raises(ValueError, match='two frames are called a frame'):
        compare(twice, twice)
