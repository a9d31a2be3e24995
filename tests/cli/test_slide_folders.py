"""Folders, globs and manifests with slides of several files: each slide once, and no part of one taken for a picture."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import detect as command
from mitos_mmdet.cli.cohort_manifest import read_cohort
from mitos_mmdet.cli.detect_inputs import find_inputs, without_dicom_parts
from mitos_mmdet.slides.check_places import check_places
from mitos_mmdet.slides.fingerprint import fingerprint
from mitos_mmdet.slides.open_slide import open_slide

sys.path.insert(0, str(Path(__file__).parents[1] / 'slides'))
from disc_model import disc_model  # noqa: E402

VMS = '[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=b.jpg\nImageFile(1,0)=b(1,0).jpg\nMapFile=b_map.jpg\nOptimisationFile=b.opt\n' \
      'MacroImage=b_macro.jpg\n'


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def dicom(path, series):
    """The beginning of a DICOM file, as far as it tells which slide it belongs to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(128) + b'DICM' + b'\x20\x00\x0d\x00UI\x04\x001.2.' + b'\x20\x00\x0e\x00UI' + len(series).to_bytes(2, 'little')
                     + series.encode() + b'\x28\x00\x02\x00US\x02\x00\x03\x00')


def names(paths):
    return [path.name for path in paths]


@pytest.fixture
def folder(tmp_path):
    """``a.mrxs`` and its folder, ``C.mrxs`` whose folder is ``c``, the folder of ``d.mrxs`` alone, a VMS slide, and an ordinary JPEG."""
    here = tmp_path / 'in'
    for name in 'acd':
        touch(here, f'{name}/Slidedat.ini', f'{name}/Index.dat', f'{name}/Data0000.dat', f'{name}/preview.jpg')
    touch(here, 'a.mrxs', 'C.mrxs', 'e.jpg', 'b.jpg', 'b(1,0).jpg', 'b_map.jpg', 'b_macro.jpg', 'b.opt', 'notes.ini')
    (here / 'b.vms').write_text(VMS)
    return here


def test_a_folder_holds_slides_and_not_their_parts(folder):
    inputs, ignored = find_inputs([folder], folder / 'out')
    assert names(inputs) == ['d', 'C.mrxs', 'a.mrxs', 'b.vms', 'e.jpg']
    assert names(ignored) == ['notes.ini']


@pytest.mark.parametrize('pattern', ['*', '**', '*.*', '**/*'])
def test_nor_does_a_glob(folder, pattern):
    inputs, _ = find_inputs([str(folder / pattern)], folder / 'out')
    assert {'a.mrxs', 'C.mrxs', 'b.vms', 'e.jpg'} <= set(names(inputs))
    assert not {'b.jpg', 'b(1,0).jpg', 'b_map.jpg', 'Data0000.dat', 'Slidedat.ini', 'preview.jpg', 'a', 'c'} & set(names(inputs))


def test_parts_given_by_name_are_taken_at_their_word(folder):
    assert names(find_inputs([folder / 'b.jpg', folder / 'a'], folder / 'out')[0]) == ['b.jpg', 'a']


def test_dicom_by_content_each_slide_once(tmp_path):
    for name, series in (('IM2', '1.5'), ('IM1', '1.5'), ('1.2.840.7', '1.6'), ('z.dcm', '1.6'), ('DICOMDIR', '1.5'), ('deep/IM1', '1.5')):
        dicom(tmp_path / 'in' / name, series)
    (tmp_path / 'in' / 'short').write_bytes(bytes(128) + b'DICM')
    inputs, ignored = find_inputs([tmp_path / 'in'], tmp_path / 'out')
    kept, parts = without_dicom_parts(inputs)
    # The same series in another folder is another copy, which OpenSlide does not join.
    assert [str(path.relative_to(tmp_path / 'in')) for path in kept] == ['1.2.840.7', 'IM1', 'deep/IM1']
    assert names(parts) == ['IM2', 'z.dcm'] and names(ignored) == ['DICOMDIR', 'short']
    kept, parts = without_dicom_parts([tmp_path / 'in' / 'IM2', tmp_path / 'in' / 'IM1'])
    assert (names(kept), names(parts)) == (['IM2'], ['IM1']), 'whichever comes first opens all'


def test_real_dicom_slides_in_one_folder(tmp_path, shared_data):
    pytest.importorskip('openslide')
    for name, new in (('boxes_1.dcm', 'a'), ('boxes_0.dcm', 'b'), ('camelyon_multi_frame.dcm', 'c')):  # its second file first
        (tmp_path / new).write_bytes((shared_data / 'slides' / name).read_bytes())
    kept, parts = without_dicom_parts(find_inputs([tmp_path], tmp_path / 'out')[0])
    assert (names(kept), names(parts)) == (['a', 'c'], ['b'])
    with open_slide(tmp_path / 'a') as slide, open_slide(tmp_path / 'b') as same, open_slide(tmp_path / 'c') as other:
        assert slide.size == same.size == (16, 16) and slide.um_per_px == same.um_per_px == pytest.approx((0.499, 0.499), rel=1e-3)
        np.testing.assert_array_equal(slide.read(0, 0, 16, 16), same.read(0, 0, 16, 16))
        assert other.size == (1152, 700) and other.um_per_px is None


def test_a_cohort_reads_folders_the_same_way(folder, capsys):
    dicom(folder / 'x.dcm', '1.5')
    dicom(folder / 'y.dcm', '1.5')
    assert names(slide.path for slide in read_cohort(str(folder), folder / 'out')) == ['d', 'C.mrxs', 'a.mrxs', 'b.vms', 'e.jpg', 'x.dcm']
    told = capsys.readouterr().err
    assert 'skipped 1 file not known as slides or images (notes.ini)' in told
    assert 'skipped 1 file belonging to DICOM slides already listed (y.dcm)' in told


def test_a_manifest_lists_a_dicom_slide_once(tmp_path):
    for name, series in (('a.dcm', '1.5'), ('b.dcm', '1.6'), ('c.dcm', '1.5')):
        dicom(tmp_path / name, series)
    (tmp_path / 'slides.csv').write_text('path\na.dcm\nb.dcm\n')
    assert names(slide.path for slide in read_cohort(str(tmp_path / 'slides.csv'), tmp_path / 'out')) == ['a.dcm', 'b.dcm']
    (tmp_path / 'slides.csv').write_text('path\na.dcm\nb.dcm\nc.dcm\n')
    with pytest.raises(ValueError, match='line 4: lists c.dcm, a part of the same DICOM slide as line 2. Remove one of them'):
        read_cohort(str(tmp_path / 'slides.csv'), tmp_path / 'out')


def test_results_never_go_into_the_data_of_a_slide(folder):
    with pytest.raises(ValueError, match=f'--out {folder}/a: is the data folder of a MIRAX slide. Choose another folder'):
        check_places([folder / 'a'], [folder / 'a.mrxs'])
    with pytest.raises(ValueError, match=f'--out {folder}/a: is the data folder'):
        check_places([folder / 'a' / 'b'], [folder / 'b.png'])


def test_results_are_stale_when_a_part_of_the_slide_changes(folder):
    for slide, part in (('a.mrxs', 'a/Data0000.dat'), ('b.vms', 'b(1,0).jpg')):
        before = fingerprint(folder / slide, disc_model())
        assert fingerprint(folder / slide, disc_model()) == before
        (folder / part).write_bytes(b'more')
        assert fingerprint(folder / slide, disc_model()) != before
    link = folder / 'study' / 'case.mrxs'
    link.parent.mkdir()
    link.symlink_to(folder / 'a.mrxs')
    before = fingerprint(link, disc_model())
    (folder / 'a' / 'Data0000.dat').write_bytes(b'still more')
    assert fingerprint(link, disc_model()) != before


def test_detect_reads_what_it_can_and_tells_of_the_rest(tmp_path, monkeypatch, capsys):
    pytest.importorskip('openslide')
    from vendor_scenes import SCENES

    monkeypatch.setattr(command, 'load_chosen', lambda *_: disc_model(tile_size=128))
    here, out = tmp_path / 'in', tmp_path / 'out'
    for name in ('mrxs', 'scn', 'bif'):
        (here / name).mkdir(parents=True)
        SCENES[name].make(here / name).rename(here / f'{name}{SCENES[name].suffix}')
    (here / 'mrxs' / 'a').rename(here / 'folder of it')  # its name is the file's
    (here / 'mrxs').rmdir()
    (here / 'folder of it').rename(here / 'mrxs')
    broken = SCENES['scn'].make(here / 'scn')
    broken.write_bytes(broken.read_bytes()[:9000])
    touch(here, 'lost/Slidedat.ini', 'lost/Data0000.dat')
    Image.new('RGB', (50, 40)).save(here / 'mrxs' / 'preview.jpg')
    assert command.main([str(here), '--out', str(out)]) == 1
    told = capsys.readouterr()
    for name in ('mrxs', 'bif'):
        assert json.loads((out / name / 'summary.json').read_text())['mitotic_figures'] == len(SCENES[name].discs)
        with open(out / name / 'detections.csv', newline='') as file:
            assert len(list(csv.DictReader(file))) == len(SCENES[name].discs)
    assert 'failed 2 of 5:' in told.err and told.err.count('\n') == 3
    assert 'lost: is the data folder of a MIRAX slide. Its file lost.mrxs is missing' in told.err
    assert 'scn/a.scn: OpenSlide does not know it as SCN, perhaps because it is truncated' in told.err
    assert {path.name for path in out.iterdir()} == {'mrxs', 'scn', 'bif'}
    # Again: what is finished is kept.
    assert command.main([str(here), '--out', str(out)]) == 1
    assert '3 of 5 finished before' in capsys.readouterr().out
