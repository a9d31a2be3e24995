import json

import numpy as np
import pytest

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.model_zoo.bundled import WEIGHTS, bundled_names
from mitos_mmdet.model_zoo.load_model import load_model

NAME = 'rtmdet_efficientnet-lite0'


def test_card_and_size():
    assert bundled_names()[0] == NAME
    card = json.loads((WEIGHTS / f'{NAME}.json').read_text())
    assert (WEIGHTS / f'{NAME}.pth').stat().st_size < 20e6
    assert 0 < card['threshold'] < 1 and card['classes'] == ['mitotic figure'] and card['training_data'] and card['metrics']


def test_it_finds_mitotic_figures_of_a_slide_it_was_not_trained_on(shared_data):
    model = load_model(device='cpu', engine='torch')
    frame = read_rgb(shared_data / 'mitos_atypia14/H05/frames/x40/H05_03Aa.jpg')
    # The contest's labels in this tile are at (877, 477) and (1034, 214).
    found = model.predict(frame[None, :512, 768:1280])[0]
    best = found.scores.argsort()[::-1][:2]
    centres = (found.boxes[best, :2] + found.boxes[best, 2:]) / 2 + [768, 0]
    assert centres == pytest.approx(np.array([(1037.4, 213.0), (878.3, 479.0)]), abs=2)
    assert found.scores[best] == pytest.approx([0.562, 0.552], abs=0.01) and (found.scores[best] > model.threshold).all()
