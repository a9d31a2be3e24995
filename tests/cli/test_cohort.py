"""``mitos cohort``: what it reads, writes, says and returns."""

import csv
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / 'slides'))
from disc_model import disc_model  # noqa: E402

from mitos_mmdet.cli.cohort import main  # noqa: E402
from mitos_mmdet.cli.cohort_manifest import read_cohort  # noqa: E402


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    """A folder with ``a.png`` (two discs at 0.5 um/px), ``b.png`` (none), ``broken.png``, and the disc model in place of a real one."""
    import mitos_mmdet.model_zoo

    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model', lambda *_, **__: disc_model(um_per_px=0.5, tile_size=256))
    for name, points in (('a', [(100, 100), (200, 120)]), ('b', [])):
        image = Image.new('RGB', (300, 200), (225, 150, 190))
        for x, y in points:
            ImageDraw.Draw(image).ellipse([x - 9, y - 9, x + 9, y + 9], fill=(60, 20, 90))
        image.save(tmp_path / f'{name}.png')
    (tmp_path / 'broken.png').write_bytes(b'not a picture')
    return tmp_path


def write(path, *lines):
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return str(path)


def table(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_a_manifest_becomes_pages_table_and_status(cohort, capsys):
    manifest = write(cohort / 'slides.csv', 'path,case_id,um_per_px,status', 'a.png,"Müller, A",0.5,old', 'b.png,2,0.5,',
                     'broken.png,3,0.5,')
    assert main([manifest, '--out', str(cohort / 'out'), '--hotspot-mm2', '0.005']) == 1
    lines = table(cohort / 'out' / 'cohort.csv')
    # The manifest's columns are carried through; ours of a name that is taken steps aside.
    assert [(line['case_id'], line['status'], line['mitos_status'], line['mitotic_figures']) for line in lines] == [
        ('Müller, A', 'old', 'done', '2'), ('2', '', 'done', '0'), ('3', '', 'failed', '')]
    assert lines[0]['hotspot_mitotic_figures'] in ('1', '2')
    assert float(lines[0]['area_mm2']) == pytest.approx(0.015, rel=0.02)
    assert [line['score_per_mm2'] for line in lines] == [''] * 3
    assert lines[0]['not_graded'] == 'not graded: 0.005 mm² of tissue, at least 1 mm² is needed'
    assert (lines[1]['not_graded'][:10], lines[2]['not_graded']) == ('not graded', '')
    for name in ('summary.json', 'index.html', 'detections.csv', 'detections.geojson', 'overview.png', 'mitotic-figures.json'):
        assert (cohort / 'out' / 'b' / name).is_file()
    shown = capsys.readouterr()
    assert '2 finished, 1 failed' in shown.out
    assert 'Research software, not a diagnosis.' in shown.out
    assert 'broken.png' in shown.err
    page = (cohort / 'out' / 'cohort.html').read_text(encoding='utf-8')
    assert 'href="a/index.html"' in page
    assert 'Müller, A' in page
    assert '<small>not graded: 0.005 mm² of tissue, at least 1 mm² is needed</small>' in page
    assert '<b>0 · 0 · 0</b><span>slides of score 1, 2 and 3, 2 not graded (' in page
    assert 'class="mark"' not in page  # no score begins anywhere where nothing is graded


def test_slices_fill_one_folder(cohort, capsys):
    write(cohort / 'slides.csv', 'path,um_per_px', 'a.png,0.5', 'b.png,0.5')
    common = [str(cohort / 'slides.csv'), '--out', str(cohort / 'out'), '--no-page']
    assert [main([*common, '--slice', f'{part}/2']) for part in (1, 2)] == [0, 0]
    assert [len(table(cohort / 'out' / f'cohort_{part}of2.csv')) for part in (1, 2)] == [1, 1]
    capsys.readouterr()
    # More jobs than slides: a job without a slide is no error.
    assert main([*common, '--slice', '3/3']) == 0
    assert table(cohort / 'out' / 'cohort_3of3.csv') == []
    assert main(common) == 0
    assert '[' not in capsys.readouterr().out  # all were finished: the table is all that was left to do
    assert [line['mitotic_figures'] for line in table(cohort / 'out' / 'cohort.csv')] == ['2', '0']


def test_folders_and_globs(cohort):
    assert main([str(cohort / '[ab].png'), '--out', str(cohort / 'out'), '--um-per-px', '0.5', '--no-page']) == 0
    # Results are no slides, though they lie in the folder that is searched.
    assert [slide.path.name for slide in read_cohort(str(cohort), str(cohort / 'out'))] == ['a.png', 'b.png', 'broken.png']


def test_a_slide_that_is_not_there_or_lacks_um_per_px_fails_alone(cohort, capsys):
    too_long = f'{"x" * 300}.png'
    manifest = write(cohort / 'slides.csv', 'path,um_per_px', 'a.png,', 'b.png,0.5', 'gone.png,0.5', f'{too_long},0.5')
    assert main([manifest, '--out', str(cohort / 'out'), '--no-page']) == 1
    reasons = {line['path']: line['reason'] for line in table(cohort / 'out' / 'cohort.csv')}
    assert 'um/px' in reasons['a.png']
    assert reasons['b.png'] == ''
    assert 'No such file' in reasons['gone.png'] and 'name too long' in reasons[too_long]


@pytest.mark.parametrize('flags, words', [
    (['--um-per-px', '250'], "--um-per-px 250: is not a microscope's"), (['--um-per-px', '-1'], "-1: is not a microscope's"),
    (['--threshold', '7'], '--threshold 7: give a score from 0 to 1'), (['--roi', 'none.geojson'], '--roi none.geojson: no such file')])
def test_wrong_flags_are_refused_before_anything_is_written(cohort, flags, words):
    with pytest.raises(ValueError, match=words):
        main([str(cohort / '[ab].png'), '--out', str(cohort / 'out'), *flags])
    assert not (cohort / 'out').exists()


def test_paths_count_from_the_manifest(cohort, monkeypatch):
    (cohort / 'lists').mkdir()
    manifest = write(cohort / 'lists' / 'slides.csv', 'path,roi', '../a.png,', f'{cohort}/b.png,b.geojson')
    monkeypatch.chdir('/')
    slides = read_cohort(manifest, cohort / 'out')
    assert [slide.path.resolve() for slide in slides] == [cohort / 'a.png', cohort / 'b.png']
    assert slides[1].roi == str(cohort / 'lists' / 'b.geojson')


@pytest.mark.parametrize('lines, words', [
    (['file', 'a.png'], 'no column path'),
    ([''], 'no column path'),
    (['path'], 'lists no slide'),
    (['path,um_per_px', 'a.png,fast'], "line 2: um_per_px is 'fast'"),
    (['path,um_per_px', 'a.png,0'], "um_per_px is '0'"),
    (['path', 'a.png', 'a.png'], 'line 3: lists a.png again, as line 2'),
    (['path,case', ',1'], 'line 2: has no path'),
    (['path', 'a.png,1'], 'more fields than the heading'),
    (['path', 'a.png', './x/../a.png'], 'line 3: lists ./x/../a.png again, as line 2'),
    (['path,roi,path', 'a.png,,b.png'], 'has the column path twice'),
    (['path,pixel_size,mpp', 'a.png,0.25,0.5'], 'has the column um_per_px twice'),
    (['path,um_per_px', '"a.png,0.25'], 'slides.csv: cannot be read'),
])
def test_bad_manifests_are_refused_before_anything_is_written(cohort, lines, words):
    manifest = write(cohort / 'slides.csv', *lines)
    with pytest.raises(ValueError, match=words):
        main([manifest, '--out', str(cohort / 'out')])
    assert not (cohort / 'out').exists()


@pytest.mark.parametrize('content', [
    b'path;um_per_px;case\na.png;0,5;1, 2\n',
    b'path\tum_per_px\tcase\na.png\t0.5\t1, 2\n',
    b'\xef\xbb\xbf Path , UM_PER_PX ,case\r\na.png,0.5,"1, 2"\r\n',
    b'path,MPP,case\na.png,0.5,"1, 2"\n',
    'path,Pixel size (µm),case\na.png,0.5,"1, 2"\n'.encode(),
])
def test_manifests_as_spreadsheets_write_them(cohort, content):
    (cohort / 'slides.csv').write_bytes(content)
    slide, = read_cohort(str(cohort / 'slides.csv'), cohort / 'out')
    assert (slide.path, slide.um_per_px, slide.columns['case']) == (cohort / 'a.png', 0.5, '1, 2')
    assert set(slide.columns) == {'path', 'um_per_px', 'case'}


def test_um_per_px_goes_before_another_pixel_size(cohort):
    slide, = read_cohort(write(cohort / 'slides.csv', 'path,mpp,um_per_px', 'a.png,0.5,0.25'), cohort / 'out')
    assert (slide.um_per_px, slide.columns['mpp']) == (0.25, '0.5')


@pytest.mark.parametrize('content, words', [(b'', 'no column path, only none at all'),
                                            ('path\nü.png'.encode('latin-1'), 'no text in UTF-8'),
                                            ('path\na.png'.encode('utf-16'), 'no text in UTF-8')])
def test_what_is_no_manifest(cohort, content, words):
    (cohort / 'slides.csv').write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_cohort(str(cohort / 'slides.csv'), cohort / 'out')


@pytest.mark.parametrize('flags, words', [
    (['--workers', '0'], '--workers 0'), (['--address', 'auto'], '--address needs --workers'),
    (['--slice', '3/2'], "slice '3/2'"), (['--um-per-px', '0'], '--um-per-px 0'),
    (['--threshold', '1.5'], '--threshold 1.5'), (['--roi', 'none.geojson'], 'no such file'), (['--hotspot-mm2', '-1'], 'area -1'),
    (['--hotspot-mm2', '2', '--hotspot-fields', '10', '0.5'], 'one of them'), (['--min-tissue', '2'], '--min-tissue 2'),
])
def test_bad_flags_are_refused(cohort, flags, words):
    with pytest.raises(ValueError, match=words):
        main([str(cohort / 'a.png'), '--out', str(cohort / 'out'), *flags])
    assert not (cohort / 'out').exists()


def test_fields_give_the_area(cohort):
    common = [str(cohort / 'a.png'), '--out', str(cohort / 'out'), '--um-per-px', '0.5', '--no-page']
    assert main([*common, '--hotspot-fields', '2', '0.05']) == 0
    assert float(table(cohort / 'out' / 'cohort.csv')[0]['hotspot_area_mm2']) == pytest.approx(2 * np.pi * 0.025**2, rel=1e-3)


def test_a_region_of_the_manifest_restricts_its_slide(cohort):
    ring = [[50, 50], [150, 50], [150, 150], [50, 150], [50, 50]]  # around one of the two discs
    (cohort / 'left.geojson').write_text(json.dumps(dict(type='Polygon', coordinates=[ring])), encoding='utf-8')
    manifest = write(cohort / 'slides.csv', 'path,um_per_px,roi', 'a.png,0.5,left.geojson', 'b.png,0.5,')
    assert main([manifest, '--out', str(cohort / 'out'), '--no-page']) == 0
    line = table(cohort / 'out' / 'cohort.csv')[0]
    assert (line['mitotic_figures'], float(line['area_mm2'])) == ('1', pytest.approx(0.0025, rel=0.1))


def test_without_ray_one_slide_after_the_other(cohort, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(16)))
    common = [str(cohort / 'a.png'), '--out', str(cohort / 'out'), '--um-per-px', '0.5', '--no-page']
    with pytest.raises(ValueError, match='several workers need Ray'):
        main([*common, '--workers', '2'])
    assert main(common) == 0
    assert 'one after the other in this process, 16 cores each' in capsys.readouterr().out


@pytest.mark.parametrize('text', ['Path, UM_per_px \na.png, 0.5\n', 'path;um_per_px\na.png;0.5\n', '\ufeffpath\tum_per_px\na.png\t0.5\n'])
def test_headings_as_spreadsheets_write_them(tmp_path, text):
    (tmp_path / 'slides.csv').write_text(text, encoding='utf-8')
    assert [(slide.path.name, slide.um_per_px) for slide in read_cohort(tmp_path / 'slides.csv', tmp_path / 'out')] == [('a.png', 0.5)]


@pytest.mark.parametrize('data, words', [
    (b'', 'has no column path, only none at all'), ('path\na.png\n'.encode('utf-16'), 'is no text in UTF-8'),
    (b'path,path\na.png,b.png\n', 'has the column path twice'), (b'file\na.png\n', "has no column path, only 'file'")])
def test_manifests_that_cannot_be_meant(tmp_path, data, words):
    (tmp_path / 'slides.csv').write_bytes(data)
    with pytest.raises(ValueError, match=rf'slides\.csv: {words}'):
        read_cohort(tmp_path / 'slides.csv', tmp_path / 'out')


def test_paths_as_windows_and_macos_spell_them(tmp_path):
    (tmp_path / 'x').mkdir()
    for name in ('a.png', 'e\u0301.png'):
        (tmp_path / 'x' / name).touch()
    (tmp_path / 'slides.csv').write_text('path\nx\\a.png\nx/\u00e9.png\n', encoding='utf-8')
    assert all(slide.path.is_file() for slide in read_cohort(tmp_path / 'slides.csv', tmp_path / 'out'))


def test_one_worker_uses_as_many_cores_as_asked_for(cohort, monkeypatch):
    import mitos_mmdet.model_zoo

    cores = []
    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model',
                        lambda *_, threads, **__: cores.append(threads) or disc_model(um_per_px=0.5, tile_size=256))
    main([str(cohort / 'b.png'), '--out', str(cohort / 'out'), '--workers', '1', '--cpus-per-worker', '1', '--um-per-px', '0.5'])
    assert cores == [1]
