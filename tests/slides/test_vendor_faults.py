"""Scanners' files that are damaged, incomplete or of a kind that cannot be read: one clear line, and nothing is written."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.slide import SlideError

pytest.importorskip('openslide')
sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model  # noqa: E402
from vendor_dicom import write_dicom  # noqa: E402
from vendor_mirax import mirax_size, write_mirax  # noqa: E402
from vendor_ndpi import write_ndpi  # noqa: E402
from vendor_scenes import SCENES  # noqa: E402
from vendor_scn_bif import write_bif, write_scn  # noqa: E402
from vendor_tiff import write_philips, write_svs, write_trestle  # noqa: E402

PIXELS = SCENES['scn'].pixels[:, :512]
REGIONS = [(64, 96, 192, 160), (352, 224, 160, 128)]
TILES = [(0, 0, 4, 3)]
EXPORT = 'export it there as pyramidal TIFF or OME-TIFF'
GIVE_40X, GIVE_20X = r'0.25 is usual at 40x$', r'0.5 is usual at 20x$'


def refused(path, words, out):
    with pytest.raises(SlideError, match=words) as caught:
        run_slide(path, disc_model(), out, SlideSettings())
    assert '\n' not in str(caught.value) and str(caught.value).startswith(f'{path}: ')
    assert not out.exists()


@pytest.mark.parametrize('suffix, write, options, words', [
    ('.scn', write_scn, dict(regions=REGIONS, objectives=(40, 20)), f'cannot open it .its regions were .* different objectives.*{EXPORT}'),
    ('.scn', write_scn, dict(regions=REGIONS, lights=['fluorescence'] * 2), 'it holds no brightfield scan, only fluorescence'),
    ('.scn', write_scn, dict(regions=REGIONS, macro=False), EXPORT),  # some two regions: OpenSlide wants an overview then
    ('.scn', write_scn, dict(regions=REGIONS, tag_um_per_px=None), f'does not say its um/px, only its objective, 40x .*{GIVE_40X}'),
    ('.scn', write_scn, dict(regions=REGIONS, tag_um_per_px=250), f"says 250 um/px, which is not a microscope's.*{GIVE_40X}"),
    ('.bif', write_bif, dict(areas=TILES, level_names=(0, 2, 1)), f'Unexpected encounter with level 2.*{EXPORT}'),
    ('.bif', write_bif, dict(areas=TILES, directions=('LEFT', 'UP')), f'Bad direction attribute "LEFT".*{EXPORT}'),
    ('.bif', write_bif, dict(areas=[(0, 0, 1, 1)]), EXPORT),
    ('.bif', write_bif, dict(areas=[(0, 0, 4, 1)]), f'its levels have no sensible sizes.*{EXPORT}'),
    ('.bif', write_bif, dict(areas=TILES, um_per_px=None), f'does not say its um/px.*{GIVE_40X}'),
    ('.bif', write_bif, dict(areas=TILES, um_per_px='0'), f'says 0 um/px.*{GIVE_40X}'),
    ('.tiff', write_philips, dict(um_per_px='0'), EXPORT),
    ('.tiff', write_philips, dict(um_per_px='a'), EXPORT),
    ('.tiff', write_philips, dict(wsi=2), f'Expected one WSI image, found 2.*{EXPORT}'),
    ('.tif', write_trestle, dict(um_per_px=0), f'says 0 um/px.*{GIVE_40X}'),
    ('.ndpi', write_ndpi, dict(um_per_px=None, power=20), f'does not say its um/px, only its objective, 20x.*{GIVE_20X}'),
    ('.dcm', write_dicom, dict(um_per_px=None), f'does not say its um/px. Give it by .*{GIVE_40X}'),
    ('.svs', write_svs, dict(um_per_px=None, power=20), rf'only its objective, 20x \(usually about 0.5 um/px\)\. .*{GIVE_20X}'),
    ('.svs', write_svs, dict(um_per_px=-0.5, power=20), f"says -0.5 um/px, which is not a microscope's, beside its objective.*{GIVE_20X}"),
    ('.svs', write_svs, dict(um_per_px=None, power=None), f'does not say its um/px\\. Give it by .*{GIVE_40X}'),
    ('.svs', write_svs, dict(um_per_px=None, power=3), f'does not say its um/px\\. Give it by .*{GIVE_40X}'),
])
def test_what_cannot_be_read_or_lacks_its_pixel_size(tmp_path, suffix, write, options, words):
    path = tmp_path / f'a{suffix}'
    write(path, PIXELS, **options)
    refused(path, words, tmp_path / 'out')


@pytest.mark.parametrize('name', ['scn', 'bif', 'ndpi', 'dicom', 'philips', 'trestle', 'svs', 'svs-33005'])
@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_truncated_file_is_not_taken_for_less(tmp_path, name, share):
    path = SCENES[name].make(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * share)])
    # With um/px given, nothing but the missing part stands against it.
    with pytest.raises(SlideError, match='Fetch') as caught, open_slide(path, 0.25) as slide:
        slide.thumbnail(1000)
        for _, _, downsample in slide.levels:
            slide.read(0, 0, *slide.size, 0.25 * downsample)
    assert str(caught.value).count('\n') == 0


def mirax(folder, **options):
    path = folder / 'a.mrxs'
    photos = 4, 3
    size = mirax_size(photos, 16)
    write_mirax(path, np.full((size[1], size[0], 3), 235, np.uint8), photos, 16, **options)
    return path, path.with_suffix('')


def test_mirax_without_some_of_its_files(tmp_path):
    path, folder = mirax(tmp_path)
    refused(folder, f'is the data folder of a MIRAX slide. Give {path}$', tmp_path / 'out')
    kept = tmp_path / 'kept'
    for name, words in (('Data0000.dat', "Couldn't open .*Data0000.dat"), ('Index.dat', "Couldn't open .*Index.dat"),
                        ('Slidedat.ini', 'whose folder a holds no Slidedat.ini. Copy the whole folder again')):
        (folder / name).rename(kept)
        refused(path, words, tmp_path / 'out')
        kept.rename(folder / name)
    path.rename(kept)
    refused(folder, 'Its file a.mrxs is missing beside it: copy it, too, and give that', tmp_path / 'out')
    kept.rename(tmp_path / 'a.MRXS')
    refused(tmp_path / 'a.MRXS', 'only as .mrxs in small letters. Rename it to a.mrxs', tmp_path / 'out')
    (tmp_path / 'a.MRXS').rename(path)
    shutil.rmtree(folder)
    # Alone it is a JPEG of the label, which must not be taken for the slide.
    refused(path, 'without its data, which is the folder a beside it. Copy that, too', tmp_path / 'out')


@pytest.mark.parametrize('damage, words', [
    (lambda data: data[:len(data) // 2], 'Short read of file|Error while reading data'),
    (lambda data: data[:1000] + bytes(500) + data[1500:], 'is damaged at .* of level'),
    (lambda data: data[:-108] + bytes(108), None),
])
def test_mirax_with_damaged_data(tmp_path, damage, words):
    path, folder = mirax(tmp_path, scanned={(x, y) for x in (1, 2) for y in (1, 2)})
    data = (folder / 'Data0000.dat').read_bytes()
    (folder / 'Data0000.dat').write_bytes(damage(data))
    # Without the photos' places (the last 108 bytes) none of them is shown.
    refused(path, words or 'nothing of it was scanned, or what was is damaged', tmp_path / 'out')


@pytest.mark.parametrize('um_per_px, words', [
    ((0.25, 2.5), f"says 0.25 x 2.5 um/px, which is not a microscope's.*{GIVE_40X}"), ((0.25, 0.0), f'says 0.25 x 0 um/px.*{GIVE_40X}'),
    ('0', f"says 0 um/px, which is not a microscope's.*{GIVE_40X}"), ('nan', f'says nan um/px.*{GIVE_40X}'),
    ('250', f'says 250 um/px.*{GIVE_40X}'), ('0,25', 'cannot be interpreted'), ('x', 'cannot be interpreted')])
def test_mirax_with_an_absurd_pixel_size(tmp_path, um_per_px, words):
    refused(mirax(tmp_path, um_per_px=um_per_px)[0], words, tmp_path / 'out')


@pytest.mark.parametrize('name', ['scn', 'svs', 'philips', 'trestle'])
def test_tiles_for_which_openslide_would_end_the_process(tmp_path, name):
    path = SCENES[name].make(tmp_path)
    with tifffile.TiffFile(path, mode='r+b') as file:
        last = file.pages[-1]
        for tag in ('TileWidth', 'TileLength'):
            last.tags[tag].overwrite(40_000)
    with pytest.raises(SlideError, match='cannot open it .it states tiles of 40000 x 40000 px.. Fetch it again'):
        open_slide(path)


@pytest.mark.parametrize('side', ['DIGITIZER_WIDTH', 'DIGITIZER_HEIGHT'])
def test_nor_does_mirax(tmp_path, side):
    path, folder = mirax(tmp_path)
    text = (folder / 'Slidedat.ini').read_text(encoding='utf-8-sig')
    (folder / 'Slidedat.ini').write_text(text.replace(f'{side} = 64', f'{side} = 50000000'), encoding='utf-8-sig')
    with pytest.raises(SlideError, match='it states tiles of 64 x 50000000 px'):
        open_slide(path)


def test_a_link_to_a_mirax_slide_finds_its_folder(tmp_path):
    path, _ = mirax(tmp_path)
    link = tmp_path / 'study' / 'case 1.mrxs'
    link.parent.mkdir()
    link.symlink_to(path)
    with open_slide(link) as slide:
        assert (slide.path, slide.um_per_px) == (link, (0.25, 0.25))


@pytest.mark.parametrize('part', ['a(1,0).jpg', 'a_map.jpg'])
def test_vms_without_one_of_its_pictures(tmp_path, part):
    path = SCENES['vms'].make(tmp_path)
    (tmp_path / part).unlink()
    refused(path, part.replace('(', r'\(').replace(')', r'\)'), tmp_path / 'out')


@pytest.mark.parametrize('suffix', ['.vsi', '.czi', '.isyntax', '.ndpi', '.scn', '.bif', '.vms'])
def test_what_only_its_own_reader_understands_is_no_plain_tiff(tmp_path, made, suffix):
    made.pyramid(tmp_path / f'a{suffix}', made.picture(100, 80))
    with pytest.raises(SlideError, match='export it as pyramidal TIFF|Export it as pyramidal TIFF'):
        open_slide(tmp_path / f'a{suffix}', 0.25)
