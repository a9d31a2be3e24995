"""A threshold under a condition, and what it is worth on frames that did not choose it."""

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.operating_point import choose_threshold, leave_one_out
from mitos_mmdet.evaluation.sweep import sweep

RADIUS = Length.parse('5px')


def frame(hits, alarms, misses=0):
    """Detections of these scores on truths and elsewhere."""
    truth = [[100 * place, 0] for place in range(len(hits) + misses)]
    found = truth[:len(hits)] + [[100 * place, 500] for place in range(len(alarms))]
    return Frame(truth, found, [*hits, *alarms])


# At 0.9: 1 of 1 right of 4; at 0.8: 1 of 2; at 0.7 2 of 3; at 0.6 3 of 4; at 0.5 3 of 6.
FRAMES = [frame([0.9, 0.7], [0.8]), frame([0.6], [0.5, 0.5], misses=1)]


@pytest.mark.parametrize(('conditions', 'wanted'), [
    (dict(), 0.6), (dict(min_precision=0.7), 0.6), (dict(min_precision=0.9), 0.9), (dict(min_recall=0.75), 0.6),
    (dict(min_recall=0.2), 0.6), (dict(min_precision=0.7, min_recall=0.7), 0.6)])
def test_best_f1_that_meets_the_condition(conditions, wanted):
    assert choose_threshold(sweep(FRAMES, RADIUS), **conditions) == wanted


@pytest.mark.parametrize(('conditions', 'words'), [
    (dict(min_recall=0.9), 'a recall of 0.9 on these frames, the highest is 0.750'),
    (dict(min_precision=0.9, min_recall=0.5), 'a precision of 0.9 and a recall of 0.5')])
def test_a_condition_that_nothing_meets(conditions, words):
    with pytest.raises(ValueError, match=words):
        choose_threshold(sweep(FRAMES, RADIUS), **conditions)


@pytest.mark.parametrize('frames', [[], [frame([], [])], [frame([], [0.9])], [frame([], [], misses=2)]])
def test_nothing_to_choose_by(frames):
    with pytest.raises(ValueError, match='nothing to choose a threshold by'):
        choose_threshold(sweep(frames, RADIUS))


def test_each_frame_is_judged_by_the_others():
    # The first two frames choose 0.8, at which the third has two false positives; with it, 0.95 is chosen, which misses theirs.
    same = frame([0.8], [0.4])
    other = frame([0.95], [0.9, 0.85])
    found = leave_one_out([same, same, other], RADIUS)
    choices = [choose_threshold(sweep(those, RADIUS)) for those in ([same, other], [same, other], [same, same])]
    assert choices == [0.95, 0.95, 0.8] and (found.tp, found.fp, found.fn) == (1, 2, 2)
    assert choose_threshold(sweep([same, same, other], RADIUS)) == 0.8  # 3 of 3, 2 false: F1 0.75 by a choice that saw them


def test_it_equals_a_choice_from_scratch():
    rng = np.random.default_rng(0)
    frames = [frame(rng.random(4).tolist(), rng.random(3).tolist(), misses=1) for _ in range(6)]
    found = leave_one_out(frames, RADIUS, min_precision=0.5)
    tp = 0
    for index, one in enumerate(frames):
        threshold = choose_threshold(sweep(frames[:index] + frames[index + 1:], RADIUS), min_precision=0.5)
        tp += int((one.pred_scores[:4] >= threshold).sum())
    assert found.tp == tp and 0 < tp < 24


def test_one_frame_has_no_others():
    assert leave_one_out(FRAMES[:1], RADIUS) is None
