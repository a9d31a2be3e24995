"""``mitos calibrate`` from labelled frames to a file that ``mitos detect`` and ``mitos cohort`` take."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mitos_mmdet.model_zoo
from mitos_mmdet.cli import calibrate, cohort, detect
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.model_zoo.calibration import calibrated

DISCS = Path(__file__).parents[1] / 'slides' / 'disc_model.py'
spec = importlib.util.spec_from_file_location('disc_model', DISCS)
discs = sys.modules.setdefault('disc_model', importlib.util.module_from_spec(spec))
spec.loader.exec_module(discs)
WHOLE, PARTS = np.array([[30.0, 30.0], [90.0, 45.0]]), np.array([[60.0, 40.0], [20.0, 50.0]])


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Four labelled frames with two discs each, scored about 0.9, and two smaller false ones, scored less."""
    def load_model(*_, calibration=None, **__):
        model = discs.disc_model()
        return model if calibration is None else calibrated(model, calibration)

    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model', load_model)
    images, annotations = [], []
    for number in range(1, 5):
        pixels = discs.disc_slide(WHOLE + number, (120, 60)).pixels.copy()
        pixels[pixels[..., 0] == 235] = (226, 190, 212)
        for x, y in (PARTS * 4).astype(int):
            pixels[y:y + 26 + number, x:x + 26] = (60, 20, 90)
        Image.fromarray(pixels).save(tmp_path / f'{number}.png')
        images.append(dict(id=number, file_name=f'{number}.png', width=480, height=240, um_per_px=[0.25, 0.25], case_id='one'))
        for x, y in ((WHOLE + number) * 4).tolist():
            annotations.append(dict(id=len(annotations) + 1, image_id=number, category_id=1, bbox=[x - 20, y - 20, 40, 40], area=1600,
                                    iscrowd=0, centroid=[x, y]))
    write_json(dict(images=images, annotations=annotations, categories=categories()), tmp_path / 'own.json')
    return tmp_path


def run(own, *more):
    return calibrate.main([str(own / 'own.json'), str(own), '--out', str(own / 'calibration.json'), '--bootstrap', '20', *more])


def test_frames_too_coarse_for_the_model_are_refused(own):
    with pytest.raises(ValueError, match=r'1\.png: has 4\.5 um/px, too coarse for mitotic figures.* Correct --um-per-px'):
        run(own, '--um-per-px', '4.5')
    assert not (own / 'calibration.json').exists()


def test_chosen_told_and_used(own, capsys):
    assert run(own) == 0
    told = capsys.readouterr()
    content = json.loads((own / 'calibration.json').read_text())
    assert 0.7 < content['threshold'] <= 0.9 and (content['there']['tp'], content['there']['fp'], content['there']['fn']) == (8, 0, 0)
    lines = {line.split('  ')[0]: line for line in told.out.splitlines()}
    chosen = lines[f"{content['threshold']:.4f}"]
    assert chosen.endswith('chosen: best F1') and '1.000 (1.000 to 1.000)' in chosen
    assert lines['0.5000'].split()[-6:] == ['8', '8', '0', 'the', "model's", 'own']
    assert 'each frame at the threshold that the other frames choose: F1 1.000 (TP 8, FP 0, FN 0)' in told.out
    assert 'warning: only 8 labelled mitotic figures' in told.err

    common = [str(own / '1.png'), '--um-per-px', '0.25', '--no-page']
    for command, place in ((detect, own / 'd'), (cohort, own / 'c')):
        for number, flags in ((4, []), (2, ['--calibration', str(own / 'calibration.json')])):  # into one folder: the first is not kept
            assert command.main([*common, '--out', str(place), *flags]) == 0
            summary = json.loads(next(place.rglob('summary.json')).read_text())
            assert summary['mitotic_figures'] == number
        assert summary['threshold'] == content['threshold'] and summary['threshold_from'].startswith('calibration.json, chosen on ')
    for command in (detect, cohort):
        with pytest.raises(SystemExit):
            command.main([*common, '--out', str(own / 'd'), '--threshold', '0.5', '--calibration', str(own / 'calibration.json')])


def test_a_condition_lowers_or_raises_it(own):
    assert run(own, '--min-recall', '1') == 0
    assert json.loads((own / 'calibration.json').read_text())['chosen_by'] == 'best F1 with recall at least 1'
    with pytest.raises(ValueError, match='--min-precision 2'):
        run(own, '--min-precision', '2')


def test_another_model_is_refused_before_anything_is_written(own):
    run(own)
    content = json.loads((own / 'calibration.json').read_text())
    content['model']['sha256'] = 'e' * 64
    write_json(content, own / 'other.json')
    with pytest.raises(ValueError, match='other.json: was made for the model discs'):
        detect.main([str(own / '1.png'), '--um-per-px', '0.25', '--out', str(own / 'd'), '--calibration', str(own / 'other.json')])
    assert not (own / 'd').exists()


@pytest.mark.parametrize(('change', 'words'), [
    (lambda own: (own / '2.png').unlink(), '2.png'), (lambda own: write_json(dict(
        images=[dict(id=1, file_name='1.png', width=480, height=240, um_per_px=[0.25, 0.25])], annotations=[], categories=categories()),
        own / 'own.json'), 'own.json: no mitotic figure is labelled in it')])
def test_what_cannot_be_used_is_named(own, change, words):
    change(own)
    with pytest.raises(ValueError, match=words):
        run(own)
    assert not (own / 'calibration.json').exists()


def test_the_input_is_not_replaced(own):
    before = (own / 'own.json').read_bytes()
    with pytest.raises(ValueError, match='is an input'):
        calibrate.main([str(own / 'own.json'), str(own), '--out', str(own / 'own.json')])
    assert (own / 'own.json').read_bytes() == before


def test_the_built_in_sample_with_the_bundled_model(sample, tmp_path, capsys):
    out = tmp_path / 'calibration.json'
    assert calibrate.main([str(sample / 'annotations_test.json'), str(sample / 'images'), '--out', str(out), '--device', 'cpu']) == 0
    model = mitos_mmdet.model_zoo.load_model(device='cpu', calibration=out)
    content = json.loads(out.read_text())
    assert model.threshold == content['threshold'] and content['model']['sha256'] == model.sha256 and content['there']['tp'] > 0
    assert 'which is what to expect on frames like these' in capsys.readouterr().out
