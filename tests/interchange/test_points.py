from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.class_names import class_name
from mitos_mmdet.interchange.points import PointFile, only, points_of


@pytest.mark.parametrize('text, name', [
    ('mitotic figure', MITOSIS), ('Mitosis', MITOSIS), (' mitoses ', MITOSIS),
    ('non-mitotic figure', HARD_NEGATIVE), ('not mitotic figure', HARD_NEGATIVE), ('Not_Mitosis', HARD_NEGATIVE),
    ('Imposter', HARD_NEGATIVE),
    ('Tumor', 'Tumor'), ('mitotic-like', 'mitotic-like'),  # unknown names stay
])
def test_one_name_a_class(text, name):
    assert class_name(text) == name


def test_no_points():
    frame = points_of('a', [], 'a.json')
    assert frame.xy.shape == (0, 2) and frame.scores.shape == (0, ) and len(frame) == 0
    assert PointFile(Path('a'), 'csv', [frame]).has_scores


@pytest.mark.parametrize('points, words', [
    ([(1, 2, 'm', .5), (float('nan'), 2, 'm', .5)], 'a.json: point 2 is at x=nan'),
    ([(1, float('inf'), 'm', .5)], 'point 1 is at x=1, y=inf'), ([(1, 10**400, 'm', .5)], 'y=10000'), ([(1, -2e9, 'm', .5)], 'no place'),
    ([(1, Decimal('NaN'), 'm', .5)], 'y=NaN'), ([(1, 2, None, .5)], 'point 1 has the class None'),
    ([(1, 2, 'm', float('nan'))], 'point 1 has the score nan'),
    ([(1, 2, 'm', float('-inf'))], 'score -inf'),
    ([(1, 2, 'm', .5), (1, 2, 'm', None)], 'point 2 has no score and others have'),
])
def test_bad_points_are_named(points, words):
    with pytest.raises(ValueError, match=words):
        points_of('a', points, 'a.json')


def test_a_file_s_frames_have_scores_or_have_not():
    with_scores, without = points_of('a', [(1, 2, 'm', .5)], 'a'), points_of('b', [(1, 2, 'm', None)], 'b')
    assert not PointFile(Path('x'), 'csv', [without, points_of('c', [], 'c')]).has_scores
    with pytest.raises(ValueError, match='x: a has scores, b has none'):
        PointFile(Path('x'), 'csv', [with_scores, without])


def test_a_frame_stands_in_a_file_once():
    with pytest.raises(ValueError, match="x: holds the frame 'a' twice"):
        PointFile(Path('x'), 'csv', [points_of('a', [], 'a'), points_of('a', [], 'a')])


def test_mm_become_the_nearest_px():
    frame = points_of('a', [(Decimal('0.25'), Decimal('0.5'), 'm', None)], 'a', unit='mm')
    np.testing.assert_array_equal(frame.in_px((0.25, 0.2)), [[1000, 2500]])
    # 0.3 / 0.1 in floats is 2.9999999999999996
    assert points_of('a', [(Decimal('0.0003'), Decimal(0), 'm', None)], 'a', unit='mm').in_px((0.1, 0.1))[0, 0] == 3


def test_some_of_the_points():
    frame = points_of('a', [(1, 2, 'm', .5), (3, 4, 'Tumor', .6)], 'a', scanner='S')
    left = only(frame, frame.labels == 'Tumor')
    assert (left.xy.tolist(), left.scores.tolist(), left.labels.tolist(), left.scanner) == ([[3, 4]], [.6], ['Tumor'], 'S')
