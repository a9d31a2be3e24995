"""Pictures: the right colours at the right places, any size, nothing drawn for nothing."""

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.evaluate import summarise
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.plots import ALARM, HIT, MISS, draw_frame, precision_recall_curve

RADIUS = Length.parse('30px')


def colours_near(drawn, x, y, reach):
    """Which of the three colours stand in the square around a point of the 1000 px frame."""
    strip = drawn.shape[0] - 1000
    square = drawn[max(0, strip + y - reach):strip + y + reach, max(0, x - reach):x + reach].reshape(-1, 3).astype(int)
    return {colour for colour in (HIT, MISS, ALARM)
            if (np.abs(square - [int(colour[at:at + 2], 16) for at in (1, 3, 5)]).sum(axis=1) < 40).any()}


def test_circles_stand_where_they_belong():
    frame = Frame([[200, 200], [800, 200]], [[210, 200], [200, 800], [800, 800]], [0.9, 0.8, 0.1])
    match = counts_at([frame], RADIUS, threshold=0.5).matches[0]
    drawn = draw_frame(np.full((1000, 1000, 3), 255, np.uint8), frame, match, (30, 30), 'title')
    assert drawn.dtype == np.uint8 and drawn.shape[1:] == (1000, 3) and 1000 < drawn.shape[0] < 1060
    assert colours_near(drawn, 200, 200, 60) == {HIT}
    assert colours_near(drawn, 800, 200, 60) == {MISS}
    assert colours_near(drawn, 200, 800, 60) == {ALARM}
    assert colours_near(drawn, 800, 800, 60) == set(), 'below the threshold: not drawn'
    assert colours_near(drawn, 230, 200, 4) == {HIT}, "a hit's circle is the radius around the truth"


@pytest.mark.parametrize(('height', 'width', 'expected'), [(64, 32, 500), (1500, 1600, 1600), (3000, 4000, 2000)])
def test_any_size(height, width, expected):
    frame = Frame(np.zeros((0, 2)), np.zeros((0, 2)), [])
    drawn = draw_frame(np.zeros((height, width, 3), np.uint8), frame, counts_at([frame], RADIUS).matches[0], (30, 30))
    assert drawn.shape[1] == expected


@pytest.mark.parametrize('frames', [
    [],
    [Frame([[5, 5]], np.zeros((0, 2)), [])],
    [Frame([[5, 5]], [[5, 5], [90, 90]], [0.9, 0.8])],
])
@pytest.mark.parametrize('threshold', [None, 0.5])
def test_curve(frames, threshold, tmp_path):
    path = tmp_path / 'curve.png'
    precision_recall_curve(path, [summarise(frames, RADIUS, 'midog', threshold, 'mitotic figure')])
    with Image.open(path) as image:
        assert min(image.size) > 500 and len(image.convert('RGB').getcolors(1 << 20)) > 10
