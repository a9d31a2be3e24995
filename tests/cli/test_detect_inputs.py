"""Which files ``mitos detect`` reads, and what their folders are called."""

from pathlib import Path

import pytest

from mitos_mmdet.cli.detect_inputs import find_inputs, output_names, without_dicom_parts


def test_inputs_of_folders_and_globs(tmp_path):
    for name in ('in/a.svs', 'in/b.mrxs', 'in/b/Slidedat.ini', 'in/deep/c.TIFF', 'in/.hidden.png', 'in/d.txt', 'in/out/overview.png',
                 'in/out/summary.json', 'in/old/overview.png', 'in/old/summary.json', 'in/e/overview.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'in' / 'deep' / 'loop').symlink_to(tmp_path / 'in')
    inputs, ignored = find_inputs([tmp_path / 'in', tmp_path / 'in' / '*.svs', tmp_path / 'in' / 'd.txt'], tmp_path / 'in' / 'out')
    assert [path.name for path in inputs] == ['a.svs', 'b.mrxs', 'c.TIFF', 'overview.png', 'd.txt']
    assert [path.name for path in ignored] == ['d.txt']
    for wrong, message in ((tmp_path / 'none*', 'no such file or folder'), (tmp_path / 'in' / 'out', 'holds no slide and no image')):
        with pytest.raises(ValueError, match=message):
            find_inputs([wrong], tmp_path)


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
