import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mitos_mmdet.core.console import run
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS, categories
from mitos_mmdet.interchange.detections_json import DETECTIONS_FORMAT

TOOLS = Path(__file__).parents[2] / 'tools'
NAMES = [f'c{number}_{part}' for number in range(12) for part in 'ab']


def tool(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """``call('--truth ...')`` gives the exit status, stdout and stderr of tools/evaluate.py in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def called(command, name='evaluate'):
        with pytest.raises(SystemExit) as end:
            run(lambda: tool(name).main(command.split()))
        return end.value.code, *capsys.readouterr()
    return called


@pytest.fixture
def files(tmp_path):
    """24 frames of 12 cases: each a mitosis that is found, and a hard negative that is found with a lower score; c0_a also a miss."""
    images, annotations, frames = [], [], []
    for number, name in enumerate(NAMES):
        images.append(dict(id=number, file_name=f'images/{name}.tiff', width=1000, height=800, um_per_px=[.25, .25], case_id=name[:-2],
                           scanner='AB'[number % 2], domain='D'))
        for x, category in ((100, 1), (300, 2)) + ((600, 1), ) * (number == 0):
            annotations.append(dict(id=len(annotations), image_id=number, category_id=category, bbox=[x - 25, 175, 50, 50]))
        frames.append(dict(file_name=f'/data/images/{name}.tiff', um_per_px=[.25, .25], width=1000, height=800, points=[
            dict(x=104, y=203, score=.9 - number / 100, label=MITOSIS), dict(x=302, y=200, score=.3 + number / 200, label=MITOSIS)]))
    content = dict(format=DETECTIONS_FORMAT, version=1, classes=[MITOSIS, HARD_NEGATIVE], frames=frames, skipped=[])
    (tmp_path / 'truth.json').write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories())))
    (tmp_path / 'det.json').write_text(json.dumps(content))
    for frame in frames:
        frame['points'][0]['score'] /= 2
    (tmp_path / 'worse.json').write_text(json.dumps(content))
    return tmp_path


def fails(done, *words):
    """One line, status 2."""
    status, _, err = done
    assert status == 2 and err.startswith('error: ') and len(err.strip().splitlines()) == 1, err
    for word in words:
        assert word in err, err
    return True


def test_a_table_with_intervals_and_where_the_threshold_is_from(call, files):
    status, out, err = call('--truth truth.json --detections det.json --threshold 0.5 --bootstrap 50 --out figures.json')
    assert (status, err) == (0, '')
    for words in ('truth: truth.json (coco)', 'detections: det.json (mitos-mmdet)',
                  '24 frames of 12 cases; 95% intervals: bootstrap over 12 cases, 50 resamples, seed 0', 'score >= 0.5 (fixed beforehand)',
                  'TP, FP, FN', '24, 0, 1', '0.9796 (', 'scanner', 'counts'):
        assert words in out, words
    figures = json.loads((files / 'figures.json').read_text())
    assert [figures[key] for key in ('format', 'truth', 'detections', 'notes')] == ['mitos_mmdet figures', 'truth.json', 'det.json', []]
    its = figures['classes'][0]
    assert (its['overall']['tp'], its['overall']['fn'], its['bootstrap']['unit'], its['threshold']['origin']) == (24, 1, 'cases', 'fixed')
    assert set(its['groups']) == {'scanner', 'case'} and its['overall']['f1']['low'] < its['overall']['f1']['value']


def test_a_threshold_is_chosen_on_one_set_and_frozen_for_another(call, files):
    status, out, _ = call('--truth truth.json --detections det.json --bootstrap 0 --choose-threshold t.json')
    assert status == 0 and 'tuned on the evaluated set' in out and 'optimistic' in out and 'wrote t.json' in out
    assert json.loads((files / 't.json').read_text())['threshold'] == pytest.approx(.9 - 23 / 100)
    _, out, _ = call('--truth truth.json --detections det.json --bootstrap 0 --threshold-file t.json')
    assert 'chosen on truth.json, which holds 24 of these frames' in out and 'optimistic' in out
    content = json.loads((files / 'truth.json').read_text())
    for image in content['images']:
        image['file_name'] = image['file_name'].replace('images/', 'images/test_')
    (files / 'test.json').write_text(json.dumps(content))
    (files / 'test_det.json').write_text((files / 'det.json').read_text().replace('/data/images/', '/data/images/test_'))
    _, out, _ = call('--truth test.json --detections test_det.json --bootstrap 0 --threshold-file t.json')
    assert '(chosen on truth.json)' in out and 'optimistic' not in out
    assert fails(call('--truth truth.json --detections det.json --radius 8um --threshold-file t.json'), 'radius 7.5um, not 8um')


def test_two_models_on_the_same_frames(call, files):
    status, out, _ = call('--truth truth.json --detections det.json --compare worse.json --threshold 0.4 --bootstrap 50 --out f.json')
    assert status == 0 and 'compared with: worse.json (mitos-mmdet)' in out and 'resamples in which worse.json is better' in out
    difference = json.loads((files / 'f.json').read_text())['comparison'][MITOSIS]['figures']['recall']['difference']
    assert difference['value'] < 0 and difference['high'] < 0
    _, out, _ = call('--truth truth.json --detections det.json --compare worse.json --compare-threshold 0.3 --bootstrap 0 --threshold 0.5')
    assert 'worse.json' in out
    call('--truth truth.json --detections det.json --choose-threshold t.json --bootstrap 0')
    assert fails(call('--truth truth.json --detections det.json --compare worse.json --threshold-file t.json'), '--compare-threshold')


def test_classes_and_groups(call, files):
    status, out, _ = call('--truth truth.json --detections det.json --bootstrap 0 --per scanner --threshold 0.5')
    assert status == 0 and 'A        12' in out and 'domain' not in out and HARD_NEGATIVE not in out.replace('on a hard negative', '')
    (files / 'truth.json').write_text((files / 'truth.json').read_text().replace(HARD_NEGATIVE, 'Imitation'))
    status, out, _ = call('--truth truth.json --detections det.json --bootstrap 0 --per case --threshold 0.5 --classes Imitation')
    assert status == 2  # no detection is of it
    (files / 'det.json').write_text((files / 'det.json').read_text().replace(MITOSIS, 'Imitation'))
    status, out, _ = call('--truth truth.json --detections det.json --bootstrap 0 --per case --threshold 0.3 --classes Imitation')
    assert status == 0 and "not scored: points of the classes 'mitotic figure'" in out and '24, 24, 0' in out and 'c11   2' in out


def test_exports_score_the_same(call, files):
    """By way of every format, ours to theirs and back, and with the pixel size from the truth, the figures stay."""
    lines = {}
    for to in ('grand-challenge', 'grand-challenge-2025', 'csv', 'qupath', 'mitos-mmdet'):
        named = ' --threshold 0.5' if to.startswith('grand') else ''
        status, out, err = call(f'det.json --to {to} --truth truth.json{named} --out {to}', 'export_detections')
        assert (status, err) == (0, '') and 'wrote 48 points of 24 frames' in out
        path = f'{to}/detections.json' if to == 'mitos-mmdet' else to
        _, out, err = call(f'--truth truth.json --detections {path} --threshold 0.5 --bootstrap 20')
        assert err == '' and 'note' not in out
        lines[to] = out.split('\n', 2)[2]
    assert len(set(lines.values())) == 1 and '24, 0, 1' in lines['csv']
    _, out, _ = call('--truth truth.json --detections grand-challenge --bootstrap 0')
    assert "its own, the least score named 'mitotic figure'" in out and '24, 0, 1' in out
    assert call('--check-submission grand-challenge-2025')[:2] == (
        0, 'grand-challenge-2025: 24 files, nothing that grand-challenge or MIDOG would refuse\n')


def test_a_submission_that_would_be_refused(call, files):
    (files / 'bad.json').write_text('{"points": [{"point": [1, 2]}], "version": 1}')
    done = call('--check-submission bad.json')
    assert fails(done, '1 of 1 files would be refused, for the 3 faults above') and len(done[1].splitlines()) == 3
    assert "lacks 'type'" in done[1] and 'must be three numbers' in done[1]


@pytest.mark.parametrize('change, words', [
    (lambda frames: frames.append(dict(file_name='z99', points=[])), ("1 of its 25 frames, for example 'z99'", '--ignore-unknown')),
    (lambda frames: frames.append(frames[0]), ('holds the frame', 'twice')),
    (lambda frames: frames[3]['points'][0].update(score=float('nan')), ('c1_b.tiff: point 1 has the score nan', )),
    (lambda frames: [point.update(x=point['y'] * 1.25, y=point['x'] * 3) for frame in frames for point in frame['points']],
     ('points lie outside their frames', 'with x and y swapped')),
    (lambda frames: [point.update(x=point['x'] / 4000, y=point['y'] / 4000) for frame in frames for point in frame['points']],
     ('or mm, read as px', )),
    (lambda frames: [frame.update(width=500, height=400) for frame in frames], ('two images', )),
])
def test_bad_detections_end_in_one_line(call, files, change, words):
    content = json.loads((files / 'det.json').read_text())
    change(content['frames'])
    (files / 'bad.json').write_text(json.dumps(content))
    before = sorted(files.iterdir())
    done = call('--truth truth.json --detections bad.json --out figures.json --choose-threshold t.json')
    assert fails(done, 'bad.json', *words) and sorted(files.iterdir()) == before


@pytest.mark.parametrize('command, words', [
    ('', ('give --truth and --detections', )), ('--truth nowhere.json --detections det.json', ('nowhere.json: no such file', )),
    ('--truth truth.json --detections det.json --radius 7.5', ("not a length: '7.5'", )),
    ('--truth truth.json --detections det.json --out figures.txt', ('figures.txt: not a .json', )),
    ('--truth truth.json --detections det.json --out det.json/f.json', ('cannot be written there', )),
    ('--truth truth.json --detections det.json --um-per-px 0', ('--um-per-px 0', )),
    ('--truth truth.json --detections det.json --um-per-px a,b', ('--um-per-px a,b', )),
    ('--truth truth.json --detections det.json --per slide', ('--per slide', )),
    ('--truth truth.json --detections det.json --threshold-file truth.json', ('truth.json: no threshold file', )),
    ('--truth truth.json --detections det.json --bootstrap -1', ('-1', )),
    ('--truth truth.json --detections det.json --bootstrap 1000000000', ('--bootstrap 1000000000: ', 'at most 100000')),
    ('--truth truth.json --detections det.json --seed -1', ('--seed -1: give a whole number from 0', )),
    ('--truth truth.json --detections det.json --detections-format qupath', ('no GeoJSON of QuPath', )),
    ('--truth det.json --detections truth.json --threshold 0.5', ('has no scores', )),
])
def test_what_was_asked_wrongly_ends_in_one_line(call, files, command, words):
    before = sorted(files.iterdir())
    assert fails(call(command), *words) and sorted(files.iterdir()) == before


@pytest.mark.parametrize('command, words', [
    ('det.json --to grand-challenge --out s', ('--threshold', )), ('det.json --to tupac16 --out s', ('CC/II', )),
    ('det.json --to qupath --out files', ('is there already', )), ('truth.json --to csv --threshold 0.5 --out s', ('no scores', )),
])
def test_what_cannot_be_exported_ends_in_one_line(call, files, command, words):
    (files / 'files').mkdir()
    (files / 'files' / 'a').write_text('')
    before = sorted(files.iterdir())
    assert fails(call(command, 'export_detections'), *words) and sorted(files.iterdir()) == before


def test_neither_tool_needs_torch_or_mmdet(files):
    code = ('import runpy, sys\n'
            'for name in ("torch", "torchvision", "mmdet", "mmcv", "mmengine", "terminaltables"): sys.modules[name] = None\n'
            'sys.argv = sys.argv[1:]\n'
            'runpy.run_path(sys.argv[0], run_name="__main__")')
    for command in (f'{TOOLS}/evaluate.py --truth truth.json --detections det.json --compare worse.json --out f.json --bootstrap 20',
                    f'{TOOLS}/export_detections.py det.json --to qupath --out q'):
        done = subprocess.run([sys.executable, '-c', code, *command.split()], cwd=files, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (files / 'f.json').is_file() and len(list((files / 'q').iterdir())) == 24


def test_help_shows_every_format_and_an_example():
    for name, words in (('evaluate', ('grand-challenge-truth', 'qupath', '--choose-threshold', 'examples:', '--check-submission')),
                        ('export_detections', ('grand-challenge-2025', 'tupac16', 'to the last bit'))):
        done = subprocess.run([sys.executable, TOOLS / f'{name}.py', '--help'], capture_output=True, text=True)
        assert done.returncode == 0 and all(word in done.stdout for word in words)


def test_the_contest_s_files_from_the_command_line(shared_data, call):
    folder = shared_data / 'grand_challenge' / 'midog2025_t1_eval'
    status, out, _ = call(f'--truth {folder}/ground_truth/ground_truth.json --detections {folder}/test/input --bootstrap 0')
    assert status == 0 and '3, 3, 4' in out and 'challenging' in out and 'tumor 1' in out
