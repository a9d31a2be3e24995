"""A calibration belongs to one model, and is a threshold file."""

import json
from types import SimpleNamespace

import pytest

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.thresholds import read_threshold
from mitos_mmdet.model_zoo.calibration import calibrated, write_calibration
from mitos_mmdet.model_zoo.loaded_model import LoadedModel

FRAMES = [Frame([[0, 0]], [[0, 0], [50, 0]], [0.8, 0.7], name='a.png')]


def model(sha256='a' * 64):
    network = SimpleNamespace(engine='torch', size_divisor=32, in_flight=1)
    return LoadedModel('one', ('mitotic figure', ), 0.25, 0.5, sha256, 512, 128, 'cpu', network)


@pytest.fixture
def file(tmp_path):
    write_calibration(tmp_path / 'c.json', model(), evaluate(FRAMES, '5px', threshold=0.8, resamples=0), 'own.json', 'best F1')
    return tmp_path / 'c.json'


def test_its_threshold_goes_before_the_models_own(file):
    found = calibrated(model(), file)
    assert (found.threshold, found.threshold_from) == (0.8, 'c.json, chosen on own.json') and model().threshold == 0.5
    content = json.loads(file.read_text())
    assert content['there']['f1']['value'] == 1 and content['chosen_by'] == 'best F1' and content['mitotic_figures'] == 1


def test_evaluate_reads_it_and_knows_its_frames(file):
    assert evaluate(FRAMES, '5px', threshold=read_threshold(file), resamples=0).threshold.flatters


def test_another_model_is_refused(file):
    with pytest.raises(ValueError, match=r'c.json: was made for the model one \(a{12}\.\.\.\), this is one \(b{12}'):
        calibrated(model('b' * 64), file)


@pytest.mark.parametrize(('change', 'words'), [
    (dict(model=None), 'does not say of which model'), (dict(model=dict(name='one')), 'does not say of which model'),
    (dict(format='x'), 'no threshold file'), (dict(threshold='0.5'), 'is no score'),
    (dict(threshold=45), 'threshold 45 is no score from 0 to 1')])
def test_damaged_files_are_refused(file, change, words):
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ValueError, match=words):
        calibrated(model(), file)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ValueError, match='none.json'):
        calibrated(model(), tmp_path / 'none.json')
