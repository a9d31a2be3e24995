"""What false positives sit on, and the confusion of mitosis, hard negative and background, worked by hand."""

import numpy as np

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame

EMPTY = np.zeros((0, 2))


def far(*places):
    """Points 100 px apart."""
    return [[100 * place, 0] for place in places]


def test_every_detection_and_every_label_is_counted_once():
    frame = Frame(
        far(0, 1, 2),  # found, called a hard negative, missed
        [*far(0), [1, 0], *far(3, 9)], [0.9, 0.8, 0.8, 0.8],  # a hit, its double, on a hard negative, on nothing
        hard_negative_xy=far(3, 4, 5),  # called mitosis, called hard negative, not found
        hard_negative_pred_xy=far(1, 4, 8, 5), hard_negative_pred_scores=[0.9, 0.9, 0.9, 0.1])  # the last is under the threshold
    found = evaluate([frame], '5px', threshold=0.5, resamples=0)
    assert found.confusion.counts == [[1, 1, 2], [1, 1, 1], [1, 1, None]]
    alarms = found.hard_negatives
    assert (alarms.false_alarms, alarms.on_hard_negative, alarms.on_mitosis, alarms.on_nothing) == (3, 1, 1, 1)
    assert (alarms.labelled, alarms.share_on_hard_negative.value) == (3, 1 / 3)
    assert found.overall.fp == 3, 'hard negatives change nothing in the score itself'


def test_the_nearest_label_says_what_an_alarm_sits_on():
    # the double lies 2 px from the mitosis; the hard negative once nearer, once farther, once as far
    for place, on_hard_negative in ((3.5, 1), (5, 0), (4, 1)):
        frame = Frame([[0, 0]], [[0, 0], [2, 0]], [0.9, 0.8], hard_negative_xy=[[place, 0]])
        assert evaluate([frame], '5px', threshold=0.5, resamples=0).hard_negatives.on_hard_negative == on_hard_negative


def test_two_alarms_on_one_look_alike():
    frame = Frame(EMPTY, [[0, 0], [1, 0]], [0.9, 0.8], hard_negative_xy=[[0, 0]])
    found = evaluate([frame], '5px', threshold=0.5, resamples=0)
    assert found.hard_negatives.on_hard_negative == 2
    assert found.confusion.counts == [[0, 1, 1], [0, 0, 0], [0, 0, None]], 'here one label is taken once'


def test_only_frames_in_which_look_alikes_were_labelled():
    labelled = Frame(EMPTY, far(0, 1), [0.9, 0.9], name='1', hard_negative_xy=far(0))
    found = evaluate([labelled, Frame(EMPTY, far(0, 1), [0.9, 0.9], name='2')], '5px', threshold=0.5, resamples=0)
    assert (found.hard_negatives.frames, found.hard_negatives.on_nothing, found.overall.fp) == (1, 1, 4)
    assert found.hard_negatives.share_on_hard_negative.value == 0.5
    assert found.confusion.counts == [[0, 1, 1], [0, 0, 0], [0, 0, None]]
    none = evaluate([Frame(EMPTY, [[0, 0]], [0.9])], '5px', threshold=0.5, resamples=0)
    assert none.hard_negatives is None and none.confusion is None


def test_radius_in_um_with_pixels_that_are_not_square():
    frame = Frame(EMPTY, [[0, 6]], [0.9], (0.5, 1.0), hard_negative_xy=[[0, 0]])
    assert evaluate([frame], '5um', threshold=0.5, resamples=0).hard_negatives.on_hard_negative == 0
    frame = Frame(EMPTY, [[6, 0]], [0.9], (0.5, 1.0), hard_negative_xy=[[0, 0]])
    assert evaluate([frame], '5um', threshold=0.5, resamples=0).hard_negatives.on_hard_negative == 1
