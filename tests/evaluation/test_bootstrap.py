"""What is drawn, and whether the intervals hold what they promise."""

import numpy as np
import pytest

from mitos_mmdet.evaluation.bootstrap import Estimate, estimate, resample_weights, resampling_units
from mitos_mmdet.evaluation.counts import ratio
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame

EMPTY = np.zeros((0, 2))


def frames_of(cases):
    return [Frame(EMPTY, EMPTY, [], case_id=case, name=f'{number}.png') for number, case in enumerate(cases)]


@pytest.mark.parametrize(('cases', 'unit', 'why'), [
    (list('abcdefghij'), 'cases', None),  # ten cases
    (list('abcdefghijaa'), 'cases', None),  # three frames of one case
    (list('abcdefghi'), 'frames', 'only 9 cases'),  # nine
    ([*'abcdefghij', None], 'frames', 'not every frame has a case_id'),
    ([None, None], 'frames', 'no frame has a case_id'),
])
def test_cases_are_drawn_where_there_are_ten(cases, unit, why):
    units, drawn, because = resampling_units(frames_of(cases))
    assert drawn == unit and (because is None if why is None else why in because)
    assert len(set(units)) == (len(set(cases)) if unit == 'cases' else len(cases))
    shown = evaluate(frames_of(cases), '1px', resamples=2).bootstrap.text()
    assert f'over {len(set(units))} {unit}' in shown and (why or '') in shown


def test_frames_of_a_case_are_drawn_together():
    units, _, _ = resampling_units(frames_of('abcdefghijaa'))
    assert units[0] == units[10] == units[11]


def test_weights():
    weights = resample_weights(7, 100, seed=3)
    assert (weights[:, 0] == 1).all() and (weights.sum(axis=0) == 7).all() and weights.shape == (7, 101)
    assert np.array_equal(weights, resample_weights(7, 100, seed=3)) and not np.array_equal(weights, resample_weights(7, 100, seed=4))
    assert resample_weights(7, 0, seed=0).shape == (7, 1)


def test_estimate():
    found = estimate([0.5, *np.linspace(0, 1, 101), np.nan], units=5)  # a resample without a value is left out
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.025, 0.975)) and found.has_interval
    for none in (estimate([0.5, 0.4, 0.6], units=1), estimate([0.5], units=5), estimate([np.nan, 0.4, 0.6], units=5)):
        assert np.isnan([none.low, none.high]).all() and not none.has_interval
    assert Estimate(1.0).value == 1


def test_intervals_hold_the_true_figure_as_often_as_they_say():
    """The recall of a detector whose cases differ: frames of one case go together."""
    rng = np.random.default_rng(0)
    unit, drawn, _ = resampling_units(frames_of(np.repeat([f'{number:02d}' for number in range(30)], 3)))
    inside, trials = 0, 400
    for trial in range(trials):
        hits = rng.binomial(10, np.repeat(rng.beta(7, 3, 30), 3))  # of ten mitoses a frame; 0.7 in the mean
        weights = resample_weights(30, 200, seed=trial)
        found = estimate(ratio(np.bincount(unit, hits) @ weights, np.bincount(unit) * 10 @ weights), 30)
        inside += found.low <= 0.7 <= found.high
    # Drawn frame by frame, such intervals hold the truth in some 80 %.
    assert drawn == 'cases' and 0.9 * trials <= inside < trials
