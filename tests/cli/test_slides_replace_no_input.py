"""``mitos detect`` and ``mitos cohort``, told to write where inputs or files of others lie: one line, and everything is as it was."""

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / 'slides'))
from disc_model import disc_model  # noqa: E402

from mitos_mmdet.cli import cohort, detect  # noqa: E402


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """``data`` with the images a.png and b.png, a manifest of the first, and a note of the user's."""
    import mitos_mmdet.model_zoo

    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model', lambda *_, **__: disc_model(um_per_px=0.5, tile_size=256))
    data = tmp_path / 'data'
    data.mkdir()
    image = Image.new('RGB', (300, 200), (225, 150, 190))
    ImageDraw.Draw(image).ellipse([91, 91, 109, 109], fill=(60, 20, 90))
    for name in 'ab':
        image.save(data / f'{name}.png')
    (data / 'slides.csv').write_text('path,um_per_px\na.png,0.5\n')
    (data / 'note.txt').write_text('mine')
    return data


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def refused(main, folder, *words, match):
    before = everything(folder.parent)
    with pytest.raises(ValueError, match=match) as error:
        main([str(word) for word in words])
    assert '\n' not in str(error.value)
    assert everything(folder.parent) == before


def test_a_manifest_called_as_the_table(folder):
    (folder / 'slides.csv').rename(folder / 'cohort.csv')
    refused(cohort.main, folder, folder / 'cohort.csv', '--out', folder, match=r'^--out .*cohort\.csv: is an input')


@pytest.mark.parametrize('link', ['symlink_to', 'hardlink_to'])
def test_a_link_to_the_manifest(folder, link):
    (folder.parent / 'out').mkdir()
    getattr(folder.parent / 'out' / 'cohort.csv', link)(folder / 'slides.csv')
    refused(cohort.main, folder, folder / 'slides.csv', '--out', folder.parent / 'out', match='is an input')


@pytest.mark.parametrize('name', ['cohort.csv', 'cohort.html', 'cohort_1of2.csv'])
def test_a_table_or_page_of_others(folder, name):
    (folder / name).write_text('patient,diagnosis\n1,unknown\n')
    more = ['--slice', '1/2'] if '1of2' in name else []
    refused(cohort.main, folder, folder / 'slides.csv', '--out', folder, *more, match=rf'{name}: .*not (known to be )?from this command')


@pytest.mark.parametrize('name', ['detections.csv', 'overview.png', 'index.html', 'summary.json', 'mitotic-figures.json'])
@pytest.mark.parametrize('main', [cohort.main, detect.main])
def test_files_of_others_in_the_folder_of_a_slide(folder, main, name):
    (folder / 'a').mkdir()
    (folder / 'a' / name).write_text('{"mine": 1}')
    refused(main, folder, folder / 'a.png', '--out', folder, '--um-per-px', '0.5', match=f'{name}: is there already, and not from this')


def test_an_image_called_as_an_output(folder):
    (folder / 'a').mkdir()
    shutil.copy(folder / 'b.png', folder / 'a' / 'overview.png')
    for main, words in ((detect.main, [folder / 'a.png', folder / 'a' / 'overview.png']), (cohort.main, [folder])):
        refused(main, folder, *words, '--out', folder, '--um-per-px', '0.5',
                match=r'overview\.png: is (an input|there already, and not from this)')


@pytest.mark.parametrize(('flag', 'name'), [('--roi', 'detections.geojson'), ('--calibration', 'mitotic-figures.json')])
def test_a_region_or_calibration_called_as_an_output(folder, flag, name):
    (folder / 'a').mkdir()
    (folder / 'a' / name).write_text('{"type": "FeatureCollection", "features": []}')
    for main in (cohort.main, detect.main):
        refused(main, folder, folder / 'a.png', '--out', folder, '--um-per-px', '0.5', flag, folder / 'a' / name, match='is an input')


def test_own_results_are_replaced(folder, capsys):
    for main, words in ((detect.main, ['--overwrite', '--um-per-px', '0.5']), (detect.main, ['--um-per-px', '0.6']), (cohort.main, []),
                        (cohort.main, ['--um-per-px', '0.5'])):
        for _ in range(2):
            source = folder / ('a.png' if main is detect.main else 'slides.csv') if words != ['--um-per-px', '0.5'] else folder
            assert main([str(source), '--out', str(folder), '--hotspot-mm2', '0.005', *words]) == 0
    assert (folder / 'note.txt').read_text() == 'mine'


def test_a_run_that_was_killed_is_done_again(folder):
    arguments = [str(folder / 'a.png'), '--out', str(folder), '--um-per-px', '0.5', '--hotspot-mm2', '0.005']
    assert detect.main(arguments) == 0
    (folder / 'a' / 'summary.json').unlink()
    (folder / 'a' / '.unfinished').touch()  # what a killed run leaves
    assert detect.main(arguments) == 0
    assert not [path for path in (folder / 'a').iterdir() if path.name.startswith('.')]
