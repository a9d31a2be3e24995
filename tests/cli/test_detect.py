"""``mitos detect`` from files to files, with a model that finds dark discs."""

import csv
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import detect as command
from mitos_mmdet.core.files import OutputError
from mitos_mmdet.slides import write_outputs as outputs
from mitos_mmdet.slides.grade import RULES, grade

DISCS = Path(__file__).parents[1] / 'slides' / 'disc_model.py'
spec = importlib.util.spec_from_file_location('disc_model', DISCS)
discs = sys.modules.setdefault('disc_model', importlib.util.module_from_spec(spec))
spec.loader.exec_module(discs)
PLANTED = np.array([[30.0, 30.0], [90.0, 45.0], [60.0, 20.0]])


@pytest.fixture
def model(monkeypatch):
    """The model that the command loads; ``model.network.tiles`` counts what it was shown."""
    made = discs.disc_model()
    monkeypatch.setattr(command, 'load_chosen', lambda *_: made)
    return made


def picture(path, points=PLANTED, um_per_px=0.25, tagged=False):
    slide = discs.disc_slide(points, (120, 60), (um_per_px, um_per_px))
    pixels = slide.pixels.copy()
    pixels[pixels[..., 0] == 235] = (226, 190, 212)  # pink, as tissue is
    path.parent.mkdir(parents=True, exist_ok=True)
    more = dict(resolution_unit=3, x_resolution=1e4 / um_per_px, y_resolution=1e4 / um_per_px) if tagged else {}
    Image.fromarray(pixels).save(path, **more)
    return path


def rows(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_everything_is_written_and_told(model, tmp_path, capsys):
    frame = picture(tmp_path / 'in' / 'a b ü.tif', tagged=True)
    (tmp_path / 'in' / 'notes.txt').write_text('x')
    out = tmp_path / 'out'
    assert command.main([str(tmp_path / 'in'), '--out', str(out)]) == 0
    place = out / 'a b ü'
    assert {path.name for path in place.iterdir()} == {'summary.json', *outputs.FILES.values()}
    found = rows(place / 'detections.csv')
    assert sorted((round(float(row['x_um'])), round(float(row['y_um']))) for row in found) == [(30, 30), (60, 20), (90, 45)]
    assert {row['class'] for row in found} == {'mitotic figure'} and float(found[0]['x_px']) * 0.25 == float(found[0]['x_um'])
    summary = json.loads((place / 'summary.json').read_text())
    assert summary['mitotic_figures'] == 3 and summary['um_per_px_from'] == 'the file' and summary['tiles'] == model.network.tiles
    assert summary['files'] == outputs.FILES and summary['input'] == str(frame)
    points = [feature for feature in json.loads((place / 'detections.geojson').read_text())['features']
              if feature['geometry']['type'] == 'Point']
    assert len(points) == 3 and points[0]['properties']['measurements']['score'] > 0.5
    drawn = np.asarray(Image.open(place / 'annotated.jpg')).astype(int)
    green = (drawn[..., 1] > drawn[..., 0] + 60) & (drawn[..., 1] > drawn[..., 2] + 40)
    assert drawn.shape[1::-1] == (480, 240) and 100 < green.sum() < 8000
    told = capsys.readouterr()
    assert 'a b ü.tif' in told.out and '3 in' in told.out and str(place / 'index.html') in told.out and 'not a diagnosis' in told.out
    assert 'Mitotic score: –, not graded: 0.0072 mm² of tissue, at least 1 mm² is needed.' in told.out  # 120 x 60 um
    assert 'breast' not in told.out and 'begins at' not in told.out
    assert 'skipped 1 file not known as slides or images (notes.txt)' in told.err


def test_enough_tissue_is_graded_by_every_rule(tmp_path, capsys):
    grades = [grade(12, 2.0, rule).as_dict() for rule in RULES]
    spot = dict(mitotic_figures=12, area_mm2=2.0)
    summary = dict(mitotic_figures=12, per_mm2=0.5, area='tissue', hotspot=spot, files={}, grades=grades)
    command._print_table([(tmp_path / 'a.svs', summary, tmp_path)])
    told = capsys.readouterr().out
    assert 'breast, per mm²: score 2 (12 in 2 mm²' in told and 'TUPAC16, per 10 HPF: score 2 ' in told
    assert 'score 2 begins at 4.0' in told and '0.500 of tissue' in told
    nothing = [grade(0, 0.2, rule).as_dict() for rule in RULES]
    command._print_table([(tmp_path / 'a.svs', summary, tmp_path), (tmp_path / 'b.png', {**summary, 'grades': nothing}, tmp_path)])
    told = capsys.readouterr().out
    assert [line.split()[-2] for line in told.splitlines()[1:3]] == ['2', '–'] and 'too little tissue to grade' in told


def test_without_um_per_px_it_is_refused_once_and_nothing_is_written(model, tmp_path):
    for name in 'ab':
        picture(tmp_path / 'in' / f'{name}.png')
    with pytest.raises(ValueError, match=r'a.png: the file does not say its um/px. Give it by --um-per-px') as error:
        command.main([str(tmp_path / 'in'), '--out', str(tmp_path / 'out')])
    assert '\n' not in str(error.value) and not (tmp_path / 'out').exists() and model.network.tiles == 0


def test_an_override_wins_and_every_file_says_so(model, tmp_path, capsys):
    for name in 'ab':
        picture(tmp_path / 'in' / f'{name}.tif', um_per_px=0.25, tagged=True)
    assert command.main([str(tmp_path / 'in'), '--out', str(tmp_path / 'out'), '--um-per-px', '0.5', '--threshold', '0.3']) == 0
    told = capsys.readouterr().err
    for name in 'ab':
        note = '0.5 um/px as given is used, the file says 0.25.'
        summary = json.loads((tmp_path / 'out' / name / 'summary.json').read_text())
        assert note in summary['warnings'] and note in (tmp_path / 'out' / name / 'index.html').read_text(encoding='utf-8')
        assert told.count(f'{name}.tif: {note}') == 1
    assert summary['um_per_px'] == [0.5, 0.5] and summary['um_per_px_from'] == 'the user'
    assert sorted(round(float(row['x_um'])) for row in rows(tmp_path / 'out' / 'b' / 'detections.csv')) == [60, 120, 180]


def test_one_bad_image_among_many(model, tmp_path, capsys):
    for name in 'ac':
        picture(tmp_path / f'{name}.png')
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes()[:300])
    arguments = [str(tmp_path / '*.png'), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']
    assert command.main(arguments) == 1
    told = capsys.readouterr()
    assert 'failed 1 of 3:' in told.err and 'b.png' in told.err and 'a.png' in told.out and 'c.png' in told.out
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['a', 'c']
    with pytest.raises(ValueError, match='b.png'):
        command.main([str(tmp_path / 'b.png'), '--out', str(tmp_path / 'out2'), *arguments[3:]])
    assert not (tmp_path / 'out2').exists()


def test_finished_inputs_are_kept_and_stale_ones_redone(model, tmp_path, capsys):
    frame = picture(tmp_path / 'a.png')
    arguments = [str(frame), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']

    def run(*more):
        before = model.network.tiles
        assert command.main([*arguments, *more]) == 0
        return model.network.tiles > before

    assert run()
    assert not run() and 'kept' in capsys.readouterr().out
    assert run('--overwrite')
    assert run('--threshold', '0.7') and not run('--threshold', '0.7')
    model.sha256 = 'e' * 64
    assert run('--threshold', '0.7')
    (tmp_path / 'out' / 'a' / 'detections.csv').unlink()
    assert run('--threshold', '0.7')
    picture(frame, PLANTED[:1])
    assert run('--threshold', '0.7') and len(rows(tmp_path / 'out' / 'a' / 'detections.csv')) == 1
    (tmp_path / 'out' / 'a' / 'summary.json').write_bytes((tmp_path / 'out' / 'a' / 'summary.json').read_bytes()[:100])
    assert run('--threshold', '0.7', '--no-page')
    assert not (tmp_path / 'out' / 'a' / 'index.html').exists()


def test_a_full_disk_ends_it_and_leaves_nothing_half_written(model, tmp_path, monkeypatch):
    for name in 'ab':
        picture(tmp_path / 'in' / f'{name}.png')
    arguments = [str(tmp_path / 'in'), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']
    assert command.main(arguments) == 0

    def full(path, *_):
        raise OutputError(f'{path}: cannot be written (No space left on device). Free some space, then run it again')
    monkeypatch.setattr(outputs, 'write_geojson', full)
    with pytest.raises(OutputError, match='detections.geojson: cannot be written'):
        command.main([*arguments, '--overwrite'])
    assert not (tmp_path / 'out' / 'a').exists() and (tmp_path / 'out' / 'b' / 'summary.json').is_file()


def test_nothing_found_is_a_result(model, tmp_path, capsys):
    frame = picture(tmp_path / 'a.png', PLANTED[:0])
    arguments = [str(frame), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']
    assert command.main(arguments) == 0 and rows(tmp_path / 'out' / 'a' / 'detections.csv') == []
    tiles = model.network.tiles
    assert command.main(arguments) == 0 and model.network.tiles == tiles
    assert '0.00' in capsys.readouterr().out


def test_each_mitotic_figure_has_its_probability_of_being_atypical(model, tmp_path):
    class Classifier:
        name, sha256, um_per_px, crop_size = 'rule', 'a' * 64, 0.5, 64

        def predict(self, crops):
            assert crops.shape[1:] == (64, 64, 3) and (crops[:, 28:36, 28:36, 0] < 130).all()  # the disc is in the middle
            return np.arange(len(crops)) / 10

    frame = picture(tmp_path / 'a.png')
    arguments = [str(frame), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']
    assert command.main(arguments) == 0 and 'atypical' not in rows(tmp_path / 'out' / 'a' / 'detections.csv')[0]
    model.atypical = Classifier()
    assert command.main(arguments) == 0
    assert sorted(float(row['atypical']) for row in rows(tmp_path / 'out' / 'a' / 'detections.csv')) == [0.0, 0.1, 0.2]
    summary = json.loads((tmp_path / 'out' / 'a' / 'summary.json').read_text())
    assert summary['atypical_share'] == 0 and summary['model']['atypical']['name'] == 'rule'


def test_a_region_restricts(model, tmp_path):
    frame = picture(tmp_path / 'a.png')
    corners = [[0, 0], [180, 0], [180, 240], [0, 240], [0, 0]]
    region = dict(type='Feature', geometry=dict(type='Polygon', coordinates=[corners]), properties={})
    (tmp_path / 'roi.geojson').write_text(json.dumps(region))
    assert command.main([str(frame), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25', '--roi', str(tmp_path / 'roi.geojson')]) == 0
    assert [round(float(row['x_um'])) for row in rows(tmp_path / 'out' / 'a' / 'detections.csv')] == [30]


@pytest.mark.parametrize(('more', 'message'), [
    (['--um-per-px', '0'], "--um-per-px 0: is not a microscope's. Give a number from 0.05 to 10"),
    (['--um-per-px', '1000'], "--um-per-px 1000: is not a microscope's"),
    (['--um-per-px', '-1'], "--um-per-px -1: is not a microscope's"),
    (['--um-per-px', '4'], 'a.png: has 4 um/px, too coarse for mitotic figures.*more than 1 cannot be enlarged'),
    (['--threshold', '7'], '--threshold 7: give a score from 0 to 1'),
    (['--workers', '0'], '--workers 0: give 1 or more'),
    (['--roi', 'none.geojson'], '--roi none.geojson: no such file'),
    (['--model', 'a', 'b', 'c'], '--model a b c: give the name'),
])
def test_what_cannot_be_meant(model, tmp_path, more, message):
    frame = picture(tmp_path / 'a.png')
    with pytest.raises(ValueError, match=message):
        command.main([str(frame), '--out', str(tmp_path / 'out'), *(['--um-per-px', '0.25'] if '--um-per-px' not in more else []), *more])
    assert not (tmp_path / 'out').exists()


def test_a_file_where_a_slides_folder_goes_is_known_before_the_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(command, 'load_chosen', None)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'a').write_text('mine')
    with pytest.raises(ValueError, match='--out .*out/a: cannot be written there'):
        command.main([str(picture(tmp_path / 'a.png')), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25'])
    assert (tmp_path / 'out' / 'a').read_text() == 'mine'


def test_a_name_that_is_no_text(model, tmp_path):
    frame = picture(tmp_path / os.fsdecode(b'bad\xff.png'))
    assert command.main([str(frame), '--out', str(tmp_path / 'out'), '--um-per-px', '0.25']) == 0
    assert json.loads((tmp_path / 'out' / 'bad_' / 'summary.json').read_text())['mitotic_figures'] == 3
