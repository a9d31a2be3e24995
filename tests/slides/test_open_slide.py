"""Opening slides that the tests write, and what is no slide."""

import os
import threading
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.slides.open_slide import SlideError, open_slide
from mitos_mmdet.slides.readers import openslide_reader
from mitos_mmdet.slides.readers.file_reader import FileReader

SPOTS = [(101, 83), (257, 129), (320, 255), (411, 300), (190, 222)]


@pytest.mark.parametrize('kind', ['pyramid', 'ome'])
@pytest.mark.parametrize('um_per_px', [0.23, 0.25, 0.46, None])
def test_um_per_px_and_levels_of_written_slides(tmp_path, made, kind, um_per_px):
    getattr(made, kind)(tmp_path / 'a.tif', made.picture(400, 300), um_per_px)
    with open_slide(tmp_path / 'a.tif') as slide:
        assert slide.um_per_px == (um_per_px and pytest.approx((um_per_px, um_per_px), rel=1e-6))
        assert slide.size == (400, 300) and [level[2] for level in slide.levels[:2]] == [1, 2]
        if um_per_px is None:
            with pytest.raises(SlideError, match='a.tif: the file does not say its um/px. Give it by --um-per-px'):
                slide.read(0, 0, 10, 10, 0.25)


def test_an_override_wins_with_one_warning(tmp_path, made):
    made.pyramid(tmp_path / 'a.tif', made.picture(200, 150), 0.25)
    with pytest.warns(UserWarning, match='0.5 um/px as given is used, the file says 0.25') as caught, \
            open_slide(tmp_path / 'a.tif', 0.5) as slide:
        assert slide.um_per_px == (0.5, 0.5)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        open_slide(tmp_path / 'a.tif', 0.2501).close()
    for absurd in (0, -1, 50, 'x', float('nan'), (0.25, )):
        with pytest.raises(SlideError, match="a.tif.*is not a microscope's"):
            open_slide(tmp_path / 'a.tif', absurd)


def test_an_implausible_value_is_none_and_says_so(tmp_path, made):
    made.pyramid(tmp_path / 'a.tif', made.picture(200, 150), 352.8)
    with open_slide(tmp_path / 'a.tif') as slide:
        assert slide.um_per_px is None


def test_images_are_slides_of_one_level(tmp_path, made):
    pixels = made.picture(300, 200, SPOTS[:1])
    for name in ('a b é.png', 'a.bmp', 'a.webp'):
        Image.fromarray(pixels).save(tmp_path / name, **(dict(lossless=True) if 'webp' in name else {}))
        with open_slide(tmp_path / name, 0.25) as slide:
            np.testing.assert_array_equal(slide.read(10, 20, 50, 60), pixels[20:80, 10:60])


@pytest.mark.parametrize('compression', ['zlib', 'jpeg'])
def test_every_level_is_as_tifffile_reads_it(tmp_path, made, compression):
    made.pyramid(tmp_path / 'a.tif', made.picture(500, 400, SPOTS), compression=compression)
    with open_slide(tmp_path / 'a.tif') as slide:
        for level, (width, height, downsample) in reversed(list(enumerate(slide.levels))):
            found = slide.read(0, 0, 500, 400, 0.25 * downsample)
            np.testing.assert_array_equal(found, tifffile.imread(tmp_path / 'a.tif', series=0, level=level))
            assert found.shape == (height, width, 3)


@pytest.mark.parametrize('compression', ['zlib', 'lzw', 'jpeg'])
def test_threads_share_a_slide(tmp_path, made, compression):
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    made.pyramid(tmp_path / 'a.tif', pixels, compression=compression)
    pixels = tifffile.imread(tmp_path / 'a.tif', series=0, level=0)
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(30):
            x, y = rng.integers(0, 400, 2)
            if not np.array_equal(slide.read(int(x), int(y), 100, 90), pixels[y:y + 90, x:x + 100]):
                wrong.append((x, y))

    with open_slide(tmp_path / 'a.tif') as slide:
        threads = [threading.Thread(target=work, args=(seed, )) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize('name, content, words', [
    ('missing.svs', None, 'no such'), ('empty.svs', b'', 'is empty'), ('text.svs', b'no slide', 'not a readable image'),
    ('text.ndpi', b'II*\0' + bytes(50), 'text.ndpi'), ('a.dcm', bytes(128) + b'DICM' + bytes(20), 'a.dcm'), ('a.mrxs', b'x' * 99, 'a.mrxs'),
])
def test_what_is_no_slide_is_one_line(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SlideError, match=words) as caught:
        open_slide(tmp_path / name)
    assert name in str(caught.value) and '\n' not in str(caught.value)


def test_folders_and_pipes(tmp_path):
    with pytest.raises(SlideError, match='is a folder'):
        open_slide(tmp_path)
    os.mkfifo(tmp_path / 'pipe.svs')
    with pytest.raises(SlideError, match='not an ordinary file'):
        open_slide(tmp_path / 'pipe.svs')


def test_a_truncated_slide_is_named_where_it_is_read(tmp_path, made):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8), photometric='rgb', tile=(64, 64),
                     compression='lzw')
    path.write_bytes(path.read_bytes()[:100_000])
    with open_slide(path, 0.25) as slide, pytest.raises(SlideError, match='a.tif.*truncated'):
        slide.read(0, 0, 256, 256)


def test_without_openslide_scanner_files_name_the_extra(tmp_path, made, monkeypatch):
    def missing(path):
        raise SlideError(f"{path}: read by OpenSlide, which is not installed: pip install 'mitos_mmdet[wsi]'")
    monkeypatch.setattr(openslide_reader, 'import_openslide', missing)
    (tmp_path / 'a.svs').write_bytes(b'x')
    with pytest.raises(SlideError, match=r'mitos_mmdet\[wsi\]'):
        open_slide(tmp_path / 'a.svs')
    made.pyramid(tmp_path / 'a.tif', made.picture(100, 100))
    with open_slide(tmp_path / 'a.tif') as slide:
        assert isinstance(slide, FileReader)


def test_bounds_of_mrxs_are_exposed():
    properties = {f'openslide.bounds-{key}': str(value) for key, value in (('x', 10), ('y', 20), ('width', 300), ('height', 400))}
    assert openslide_reader._bounds(properties, (1000, 1000)) == (10, 20, 300, 400)
    assert openslide_reader._bounds(properties, (100, 900)) == (10, 20, 90, 400), 'only what lies on the slide'
    assert openslide_reader._bounds(properties, (10, 900)) is None and openslide_reader._bounds({}, (1000, 1000)) is None
    assert openslide_reader._bounds({**properties, 'openslide.bounds-width': '0'}, (1000, 1000)) is None
