"""Which files ``mitos detect`` reads, and what their folders are called."""

import glob
from pathlib import Path

import pytest

from mitos_mmdet.cli.detect_inputs import find_inputs, output_names, without_dicom_parts


def test_inputs_of_folders_and_globs(tmp_path):
    for name in ('in/a.svs', 'in/b.mrxs', 'in/b/Slidedat.ini', 'in/deep/c.TIFF', 'in/.hidden.png', 'in/d.txt', 'in/out/overview.png',
                 'in/out/summary.json', 'in/old/overview.png', 'in/old/summary.json', 'in/e/overview.png'):
        touch(tmp_path / name)
    (tmp_path / 'in' / 'deep' / 'loop').symlink_to(tmp_path / 'in')
    inputs, ignored = find_inputs([tmp_path / 'in', tmp_path / 'in' / '*.svs', tmp_path / 'in' / 'd.txt'], tmp_path / 'in' / 'out')
    assert [path.name for path in inputs] == ['a.svs', 'b.mrxs', 'c.TIFF', 'overview.png', 'd.txt']
    assert [path.name for path in ignored] == ['d.txt']
    for wrong, message in ((tmp_path / 'none*', 'no such file or folder'), (tmp_path / 'in' / 'out', 'holds no slide and no image')):
        with pytest.raises(ValueError, match=message):
            find_inputs([wrong], tmp_path)


RESULTS = ('a/overview.png', 'a/annotated.jpg', 'a/detections.csv', 'a/summary.json', 'b/overview.png', 'b/.unfinished', 'cohort.csv',
           'cohort.html', 'cohort_1of2.csv')


@pytest.mark.parametrize('out', ['slides/out', 'slides/results/out', 'slides', '.', 'elsewhere'])
@pytest.mark.parametrize('pattern', ['slides', 'slides/*', 'slides/**', 'slides/**/*', 'slid*/*', '*/**', 'slides/**/*.png'])
@pytest.mark.parametrize('by_the_shell', [False, True])
def test_a_second_run_reads_what_the_first_did(tmp_path, monkeypatch, pattern, out, by_the_shell):
    monkeypatch.chdir(tmp_path)
    touch('slides/a.png', 'slides/deep/b.png')

    def read():
        found = sorted(glob.glob(pattern, recursive=True)) if by_the_shell else [pattern]
        inputs, ignored = find_inputs(found, out)
        return sorted(path.as_posix() for path in inputs), ignored

    first = read()
    touch(*(f'{out}/{name}' for name in RESULTS), *(f'slides/older/{name}' for name in RESULTS))
    assert read() == first and 'slides/a.png' in first[0]


def test_an_output_folder_beside_the_inputs_is_no_input(tmp_path, capsys):
    touch(tmp_path / 'a.png', tmp_path / 'out' / 'plots' / 'curve.png')
    assert find_inputs([tmp_path / 'a.png', tmp_path / 'out'], tmp_path / 'out') == ([tmp_path / 'a.png'], [])
    assert 'skipped 1 file in the output folder (curve.png)' in capsys.readouterr().err
    assert find_inputs([tmp_path / '*'], tmp_path / 'out') == ([tmp_path / 'a.png'], [])
    assert find_inputs([tmp_path / 'a.png'], tmp_path) == find_inputs([tmp_path / '*.png'], tmp_path) == ([tmp_path / 'a.png'], [])


def test_a_folder_without_a_name_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch('a.png')
    assert find_inputs(['.'], 'out') == ([Path('a.png')], [])


def test_results_alone_are_nothing_to_read(tmp_path):
    touch(*(tmp_path / 'out' / name for name in RESULTS))
    for given in ([tmp_path / 'out'], [tmp_path / 'out' / 'a' / 'overview.png'], [tmp_path / '*'], [tmp_path / '*', tmp_path / 'out']):
        with pytest.raises(ValueError, match='holds no slide and no image to read, only results of earlier runs'):
            find_inputs(given, tmp_path / 'out')


def touch(*paths):
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_dicom_slide_of_several_files_is_read_once(shared_data):
    pytest.importorskip('openslide')
    inputs, _ = find_inputs([shared_data / 'slides' / '*.dcm'], 'out')
    kept, parts = without_dicom_parts([*inputs, shared_data / 'slides' / 'boxes.tiff'])
    assert [path.name for path in kept] == ['boxes_0.dcm', 'camelyon_multi_frame.dcm', 'boxes.tiff']
    assert [path.name for path in parts] == ['boxes_1.dcm']


def test_output_names_fit_every_file_system():
    paths = [Path('/', part, 'y' * 200, 'x' * 200, 'a.png') for part in 'pq']
    names = output_names(paths)
    assert len(set(names)) == 2 and max(map(len, names)) <= 255


def test_output_names_differ():
    paths = [Path(name) for name in ('/x/a.png', '/x/b.png', '/x/b.tif', '/y/c.png', '/z/c.png', '/z/A.jpg', '/p/q/d.png', '/r/q/d.png')]
    names = output_names(paths)
    assert names == ['a.png', 'b.png', 'b.tif', 'y_c.png', 'z_c.png', 'A.jpg', 'p_q_d.png', 'r_q_d.png']
