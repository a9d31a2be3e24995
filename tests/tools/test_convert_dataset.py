import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

TOOL = Path(__file__).parents[2] / 'tools' / 'convert_dataset.py'


def convert(cwd, *args):
    return subprocess.run([sys.executable, TOOL, *map(str, args)], cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def slides(tmp_path):
    """Three tiny slides in MITOS-ATYPIA-14's layout, two frames each."""
    for slide in ('H03', 'H04', 'H05'):
        frames, mitosis = tmp_path / slide / 'frames' / 'x40', tmp_path / slide / 'mitosis'
        frames.mkdir(parents=True)
        mitosis.mkdir()
        for name in (f'{slide}_00Aa', f'{slide}_00Ab'):
            Image.new('RGB', (160, 120)).save(frames / f'{name}.png')
            (mitosis / f'{name}_mitosis.csv').write_text('20,30,1.0\n')
            (mitosis / f'{name}_not_mitosis.csv').write_text('')
    return tmp_path


def fails(done, *words):
    """One line that says what and how to fix it, status 2, no traceback."""
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and done.stderr.startswith('error: '), done.stderr
    for word in words:
        assert word in done.stderr
    return True


def test_one_file_from_any_folder(slides):
    done = convert('/', 'mitos-atypia-14', slides, '--out', slides / 'new' / 'all.json')
    assert done.returncode == 0 and done.stderr == ''
    made = json.loads((slides / 'new' / 'all.json').read_text())
    assert len(made['images']) == len(made['annotations']) == 6
    assert all((slides / image['file_name']).is_file() for image in made['images'])
    assert made['info']['contest'] == 'MITOS-ATYPIA-14' and made['info']['converter_version'] == 1
    assert 'Hamamatsu NanoZoomer 2.0-HT' in done.stdout and 'wrote' in done.stdout


def test_one_file_a_split_and_the_same_bytes_again(slides):
    args = ('mitos-atypia-14', slides, '--out', slides / 'h.json', '--split', 'train=0.67,val=0.33', '--seed', 5)
    assert convert(slides, *args).returncode == 0
    written = {name: (slides / name).read_bytes() for name in ('h_train.json', 'h_val.json')}
    assert not (slides / 'h.json').exists()
    cases = [{image['case_id'] for image in json.loads(text)['images']} for text in written.values()]
    assert not cases[0] & cases[1] and sorted(map(len, cases)) == [1, 2]
    assert convert(slides, *args).returncode == 0
    assert all((slides / name).read_bytes() == text for name, text in written.items())


def test_a_bad_frame_is_skipped_and_listed_and_strict_stops(slides):
    (slides / 'H03/frames/x40/H03_00Aa.png').write_text('no image')
    (slides / 'H03/frames/x40/H03_00Ab.png').unlink()
    (slides / 'H04/mitosis/H04_00Aa_mitosis.csv').write_text('20,30,1.0\n900,30,1.0\n')
    (slides / 'H04/mitosis/H04_00Ab_mitosis.csv').write_text('x,y,confidence\n')
    done = convert(slides, 'mitos-atypia-14', slides, '--out', slides / 'all.json')
    assert done.returncode == 0 and 'skipped 4:' in done.stderr
    assert all(word in done.stderr for word in ('H03_00Aa', 'H03_00Ab', 'H04_00Aa_mitosis.csv:2', 'frame H04_00Ab'))
    assert len(json.loads((slides / 'all.json').read_text())['images']) == 3
    (slides / 'all.json').unlink()
    done = convert(slides, 'mitos-atypia-14', slides, '--out', slides / 'all.json', '--strict')
    assert fails(done, 'and 3 more', 'without --strict') and not (slides / 'all.json').exists()


@pytest.mark.parametrize('contest, args, words', [
    ('mitos-atypia-14', ('nowhere', '--out', 'a.json'), ('nowhere: no such file or folder', 'the folder that holds the slides')),
    ('tupac16', ('.', '--out', 'a.json'), ('holds no original labels', 'mitoses_ground_truth')),
    ('midog', ('.', '--out', 'a.json'), ('holds no MIDOG*.json',)),
    ('icpr2012', ('.', '--out', 'a.json'), ('holds no label file of ICPR 2012',)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--split', 'papers'), ('--split papers: no such split', 'hamamatsu')),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--split', ''), ('an argument is empty',)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--split', 'train=H03,val=H99'), ("no case 'H99'",)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--images', 'nowhere'), ('nowhere: no such folder',)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--images', 'H03/mitosis'), ('none of the 6 images', '--allow-missing-images')),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--labels', 'alternative'), ('--labels alternative: mitos-atypia-14 has',)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--csv', 'x.csv'), ('--csv x.csv',)),
    ('mitos-atypia-14', ('.', '--out', 'a.json', '--box-size', '50'), ("not a length: '50'",)),
    ('mitos-atypia-14', ('.', '--out', 'a.txt'), ('a.txt: not a .json file',)),
    ('mitos-atypia-14', ('.', '--out', 'H03/mitosis/H03_00Aa_mitosis.csv/a.json'), ('Choose another',)),
])
def test_what_was_asked_wrongly_ends_in_one_line(slides, contest, args, words):
    before = sorted(slides.rglob('*'))
    assert fails(convert(slides, contest, *args), *words)
    assert sorted(slides.rglob('*')) == before


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_a_folder_that_cannot_be_written(slides):
    (slides / 'locked').mkdir(mode=0o555)
    assert fails(convert(slides, 'mitos-atypia-14', slides, '--out', slides / 'locked' / 'a.json'), 'Choose another')


def test_all_splits_or_none(slides):
    (slides / 'h_val.json').mkdir()
    done = convert(slides, 'mitos-atypia-14', slides, '--out', 'h.json', '--split', 'train=H03,val=H04')
    assert fails(done, 'h_val.json') and not (slides / 'h_train.json').exists()


def test_a_contest_s_own_file_is_never_overwritten(slides):
    theirs = slides / 'MIDOG.json'
    theirs.write_text('{"info": {}, "images": []}')
    assert fails(convert(slides, 'mitos-atypia-14', slides, '--out', theirs), 'not known to be from this command')
    assert theirs.read_text() == '{"info": {}, "images": []}'


def test_no_label_at_all(slides):
    for path in slides.rglob('*_mitosis.csv'):
        path.write_text('')
    assert fails(convert(slides, 'mitos-atypia-14', slides, '--out', 'a.json'), 'no mitotic figure and no hard negative in any of 6')


def test_only_bad_frames(slides):
    for path in slides.rglob('*_mitosis.csv'):
        path.write_text('1,2\n')
    assert fails(convert(slides, 'mitos-atypia-14', slides, '--out', 'a.json'), '_mitosis.csv:1', 'all 6 frames')


def test_help_names_every_contest_and_split():
    done = convert('/', '--help')
    assert done.returncode == 0
    for word in ('icpr2012', 'mitos-atypia-14', 'amida13', 'tupac16', 'midog', 'mask-rcnn', 'hamamatsu', '--allow-missing'):
        assert word in done.stdout


def test_neither_torch_nor_mmdet_is_imported(slides):
    code = ('import runpy, sys\n'
            f'sys.argv = [{str(TOOL)!r}, "mitos-atypia-14", ".", "--out", "a.json"]\n'
            'try: runpy.run_path(sys.argv[0], run_name="__main__")\n'
            'except SystemExit as end: assert not end.code, end.code\n'
            'assert not {"torch", "mmdet", "mmcv", "mmengine"} & set(sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], cwd=slides, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
