"""What is marked where, and what is said of it."""

import numpy as np
import pytest

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.report.marks import ALARM, HIT, MISS, ON_LOOK_ALIKE, ON_MITOSIS, ON_NOTHING, marks_of, shapes


def test_each_mark_says_what_it_is():
    frame = Frame(truth_xy=[[100, 100], [200, 100], [300, 100]], name='a', hard_negative_xy=[[500, 500]],
                  pred_xy=[[104, 100], [102, 103], [500, 505], [700, 700], [205, 100], [203, 100]],
                  pred_scores=[0.9, 0.8, 0.7, 0.6, 0.3, 0.2])
    marks = marks_of(evaluate([frame], '30px', threshold=0.5, resamples=0), 0)
    assert [(mark.kind, mark.x, mark.score, mark.note) for mark in marks] == [
        (MISS, 200, 0.3, 'under the threshold'),  # the best of two
        (MISS, 300, None, 'not detected'),
        (ALARM, 104, 0.9, ON_MITOSIS),  # the first truth took the nearer one
        (ALARM, 500, 0.7, ON_LOOK_ALIKE),
        (ALARM, 700, 0.6, ON_NOTHING),
        (HIT, 100, 0.8, '')]
    assert marks[-1].dot == (102, 103)


def test_nothing_to_mark():
    empty = Frame(np.zeros((0, 2)), np.zeros((0, 2)), [], name='a')
    assert marks_of(evaluate([empty], '30px', threshold=0.5, resamples=0), 0) == []


@pytest.mark.parametrize('to_shown', [(0, 0, 1, 1), (80, 90, 0.5, 0.25)])
def test_shapes_are_as_wide_as_the_radius(to_shown):
    frame = Frame([[100, 100], [300, 100]], [[105, 100], [500, 500]], [0.9, 0.8], name='a')
    marks = marks_of(evaluate([frame], '30px', threshold=0.5, resamples=0), 0)
    left, top, across, down = to_shown
    drawn = {kind: (element, at) for element, kind, at in shapes(marks, (30, 20), to_shown)}
    assert drawn[HIT] == ('ellipse', dict(cx=(100 - left) * across, cy=(100 - top) * down, rx=30 * across, ry=20 * down))
    assert drawn[ALARM] == ('rect', dict(x=(470 - left) * across, y=(480 - top) * down, width=60 * across, height=40 * down))
    assert drawn[MISS][1]['cx'] == (300 - left) * across and drawn['dot'][1]['cx'] == (105 - left) * across
