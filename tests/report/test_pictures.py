"""Crops: the right tissue, in the right order, also at the frame's border."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.report.pictures import CROP_RADII, CROP_SIDE, FRAME_SIDE, take_pictures

RADIUS = 20


def pixels(picture):
    return np.array(Image.open(io.BytesIO(base64.b64decode(picture.jpeg)))).astype(int)


def pictures(frame, image, threshold=0.5):
    return take_pictures(evaluate([frame], f'{RADIUS}px', threshold=threshold, resamples=0), lambda name: image)


@pytest.mark.parametrize('place', [(300, 200), (0, 0), (599, 399), (2, 398), (603, -3)])
def test_crop_stands_around_its_mark(place):
    image = np.full((400, 600, 3), 255, np.uint8)
    x, y = place
    image[max(0, y - 10):max(0, y + 10), max(0, x - 10):max(0, x + 10)] = 0
    found = pictures(Frame([place], np.zeros((0, 2)), [], name='a'), image)
    crop = found.galleries[0].pictures[0]
    shown = pixels(crop)
    assert shown.shape == (CROP_SIDE, CROP_SIDE, 3)
    dark = (shown.max(axis=2) < 118).sum()
    inside = max(0, min(600, x + 10) - max(0, x - 10)) * max(0, min(400, y + 10) - max(0, y - 10))
    assert dark == pytest.approx(inside * (CROP_SIDE / (CROP_RADII * RADIUS)) ** 2, rel=0.2)
    # The mark is in the middle, where the tissue is.
    (_, _, at), = crop.shapes
    assert (at['cx'], at['cy']) == (pytest.approx(CROP_SIDE / 2, abs=2), pytest.approx(CROP_SIDE / 2, abs=2))


def test_beyond_the_border_is_grey():
    shown = pixels(pictures(Frame([[0, 0]], np.zeros((0, 2)), [], name='a'), np.zeros((400, 600, 3), np.uint8)).galleries[0].pictures[0])
    assert abs(shown[10, 10] - 236).max() < 5 and shown[-10, -10].max() < 5


def test_order_of_the_galleries():
    x = np.arange(6) * 100 + 50.0
    frame = Frame(np.stack([x, np.full(6, 100.0)], 1), np.concatenate([np.stack([x[:5], np.full(5, 101.0)], 1), [[50, 300], [150, 300]]]),
                  [0.9, 0.6, 0.7, 0.2, 0.4, 0.8, 0.95], name='a')
    misses, alarms, hits = pictures(frame, np.zeros((400, 700, 3), np.uint8)).galleries
    assert [it.mark.score for it in misses.pictures] == [0.4, 0.2, None]
    assert [it.mark.score for it in alarms.pictures] == [0.95, 0.8]
    assert [it.mark.score for it in hits.pictures] == [0.6, 0.7, 0.9]


@pytest.mark.parametrize(('size', 'shown'), [
    ((3000, 1500), (FRAME_SIDE, FRAME_SIDE // 2)),
    ((100, 50), (100, 50)),  # never enlarged
    ((4000, 1), (FRAME_SIDE, 1)),
])
def test_frames_are_shown_small(size, shown):
    found = pictures(Frame([[0, 0]], np.zeros((0, 2)), [], name='a'), np.zeros((size[1], size[0], 3), np.uint8)).frames.pictures[0]
    assert (found.width, found.height) == shown == pixels(found).shape[1::-1]
