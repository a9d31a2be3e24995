"""Opening and reading slides: those the tests write, and every real one at hand."""

import os
import threading
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.registration import phase_cross_correlation

from mitos_mmdet.slides.open_slide import SlideError, open_slide
from mitos_mmdet.slides.readers import openslide_reader
from mitos_mmdet.slides.readers.file_reader import FileReader
from mitos_mmdet.slides.slide import Slide

SPOTS = [(101, 83), (257, 129), (320, 255), (411, 300), (190, 222)]


class Scene(Slide):
    """A pyramid in memory whose pixels are exact averages over areas of a function of the place: any resampling can be checked."""

    def __init__(self, sizes, um_per_px=(0.25, 0.25), bounds=None):
        super().__init__('scene.tif', sizes, um_per_px=um_per_px, bounds=bounds)
        self.asked = []

    def _read_level(self, level, x, y, width, height):
        self.asked.append((level, width, height))
        ratio_x, ratio_y = self._downsamples[level]
        u = (np.arange(x, x + width) + 0.5) * ratio_x  # centres in px of level 0
        v = (np.arange(y, y + height) + 0.5) * ratio_y
        out = np.zeros((height, width, 3), np.uint8)
        out[..., 0] = np.clip(u / 8, 0, 255)
        out[..., 1] = np.clip(v / 8, 0, 255)[:, None]
        return out


def darkest(pixels, x, y, scale_x, scale_y, radius=12):
    """The centroid, px of level 0, of the dark spot near ``(x, y)``."""
    weight = np.clip(150.0 - pixels[..., 1], 0, None)
    rows, columns = np.mgrid[:pixels.shape[0], :pixels.shape[1]] + 0.5
    near = np.hypot(columns * scale_x - x, rows * scale_y - y) < radius
    weight = weight * near
    return (weight * columns).sum() / weight.sum() * scale_x, (weight * rows).sum() / weight.sum() * scale_y


@pytest.mark.parametrize('um_per_px', [0.23, 0.25, 0.26, 0.37, 0.46, 0.5, 0.97])
def test_centroids_are_within_a_px_at_any_resolution_and_tile(tmp_path, made, um_per_px):
    made.pyramid(tmp_path / 'a.tif', made.picture(512, 400, SPOTS), um_per_px=0.23)
    within = 0.6 if um_per_px < 0.6 else 1  # px of level 0; at 0.97 a spot has only two px across
    with open_slide(tmp_path / 'a.tif') as slide:
        whole = slide.read(0, 0, 512, 400, um_per_px)
        scale = 512 / whole.shape[1], 400 / whole.shape[0]
        for x, y in SPOTS:
            assert darkest(whole, x + 0.5, y + 0.5, *scale) == pytest.approx((x + 0.5, y + 0.5), abs=within)
        for side in (37, 50, 64):  # px of the result; the tile lies at fractional places of the slide
            step = side * um_per_px / 0.23
            for x, y in SPOTS:
                left, top = (x // step - 0.31) * step, (y // step - 0.31) * step
                tile = slide.read(left, top, 2 * step, 2 * step, um_per_px)
                assert tile.shape == (2 * side, 2 * side, 3)
                found = darkest(tile, x + 0.5 - left, y + 0.5 - top, step / side, step / side)
                assert (found[0] + left, found[1] + top) == pytest.approx((x + 0.5, y + 0.5), abs=within)


@pytest.mark.parametrize('sizes', [[(2000, 1600)], [(2000, 1600), (1000, 800), (500, 400)], [(2001, 1603), (500, 400), (125, 100)],
                                   [(2003, 1601), (1002, 801)]])
@pytest.mark.parametrize('um_per_px', [None, 0.25, 0.3, 0.5, 1.1, (0.5, 1.0)])
def test_positions_are_exact_whatever_the_level(sizes, um_per_px):
    slide = Scene(sizes)
    x, y, width, height = 100.3, 57.9, 1024.0, 768.0
    region = slide.read(x, y, width, height, um_per_px)
    u = x + (np.arange(region.shape[1]) + 0.5) * width / region.shape[1]
    v = y + (np.arange(region.shape[0]) + 0.5) * height / region.shape[0]
    assert np.abs(region[..., 0] - (u / 8)).max() <= 1.2  # 1 is 8 px; rounding to whole numbers takes half of it, twice
    assert np.abs(region[..., 1] - (v / 8)[:, None]).max() <= 1.2
    assert abs((region[..., 0].astype(float) - u / 8).mean() + 0.5) < 0.6 / 8 + 0.5  # no shift of the whole


def test_the_best_level_is_never_coarser_than_asked():
    slide = Scene([(4096, 4096), (2048, 2048), (1023, 1024)])
    for um_per_px, level in ((0.2, 0), (0.25, 0), (0.4, 0), (0.499, 1), (0.5, 1), (0.9, 1), (1.0, 2), (7, 2)):
        slide.asked.clear()
        slide.read(0, 0, 256, 256, um_per_px)
        assert {asked[0] for asked in slide.asked} == {level}, um_per_px


def test_neighbouring_tiles_fit_without_a_seam():
    slide = Scene([(2048, 2048)])
    whole = slide.read(0, 0, 400 * 1.3, 200 * 1.3, 0.25 * 1.3)
    left, right = (slide.read(start * 1.3, 0, 200 * 1.3, 200 * 1.3, 0.25 * 1.3) for start in (0, 200))
    assert np.abs(np.concatenate([left, right], axis=1).astype(int) - whole).max() <= 1


def test_a_large_region_is_read_in_bands():
    class Blank(Scene):
        def _read_level(self, level, x, y, width, height):
            self.asked.append((level, width, height))
            return np.zeros((height, width, 3), np.uint8)

    slide = Blank([(8000, 5000)])
    assert slide.thumbnail(80).shape == (50, 80, 3)
    assert max(width * height for _, width, height in slide.asked) < 20e6 and len(slide.asked) > 2
    strip = Blank([(1_000_000, 20)])  # as a damaged header may claim
    assert strip.thumbnail(1000).shape == (1, 1000, 3)
    assert max(width * height for _, width, height in strip.asked) < 20e6 and len(strip.asked) > 2


def test_a_header_that_claims_billions_of_px():
    with pytest.raises(SlideError, match='scene.tif: announces 2703816358 x 10 px'):
        Scene([(2703816358, 10)])


def test_beyond_the_slide_is_white(tmp_path, made):
    made.pyramid(tmp_path / 'a.tif', np.zeros((100, 120, 3), np.uint8))
    with open_slide(tmp_path / 'a.tif') as slide:
        region = slide.read(-30, -20, 200, 200)
        assert region.shape == (200, 200, 3)
        assert (region[20:120, 30:150] == 0).all() and region[:20].min() == 255 and region[:, 150:].min() == 255
        assert (slide.read(500, 500, 20, 20) == 255).all() and (slide.read(-40, 0, 20, 20, 0.5) == 255).all()
        for width in (0, -1, float('nan')):
            with pytest.raises(SlideError, match='is empty'):
                slide.read(0, 0, width, 10)


def test_left_out_tiles_are_white(tmp_path):
    path, data = tmp_path / 'a.tif', np.zeros((128, 128, 3), np.uint8)
    tifffile.imwrite(path, data, photometric='rgb', tile=(64, 64), compression='zlib')
    with tifffile.TiffFile(path) as file:
        counts = file.pages[0].tags['TileByteCounts']
        kind = {3: 'u2', 4: 'u4'}[int(counts.dtype)]
        start = counts.valueoffset
    content = bytearray(path.read_bytes())
    content[start:start + np.dtype(kind).itemsize] = bytes(np.dtype(kind).itemsize)
    path.write_bytes(bytes(content))
    with open_slide(path) as slide:
        pixels = slide.read(0, 0, 128, 128)
    assert (pixels[:64, :64] == 255).all() and (pixels[64:] == 0).all()


@pytest.mark.parametrize('kind', ['pyramid', 'ome'])
@pytest.mark.parametrize('um_per_px', [0.23, 0.25, 0.46, None])
def test_um_per_px_and_levels_of_written_slides(tmp_path, made, kind, um_per_px):
    getattr(made, kind)(tmp_path / 'a.tif', made.picture(400, 300), um_per_px)
    with open_slide(tmp_path / 'a.tif') as slide:
        assert slide.um_per_px == (um_per_px and pytest.approx((um_per_px, um_per_px), rel=1e-6))
        assert slide.size == (400, 300) and [level[2] for level in slide.levels[:2]] == [1, 2]
        if um_per_px is None:
            with pytest.raises(SlideError, match='a.tif: the file does not say its um/px. Give it with --um-per-px'):
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


def test_mrxs_without_its_folder_is_no_photograph(tmp_path):
    pytest.importorskip('openslide')
    Image.new('RGB', (200, 100)).save(tmp_path / 'a.mrxs', format='JPEG')
    with pytest.raises(SlideError, match='a.mrxs.*a folder of its name: copy all of them'):
        open_slide(tmp_path / 'a.mrxs')


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
    assert openslide_reader._bounds(properties) == (10, 20, 300, 400)
    assert openslide_reader._bounds({}) is None


REAL = {  # file: (size, um/px, levels)
    'cmu_1_small_region.svs': ((2220, 2967), 0.499, 1), 'tcga_no_mpp.svs': ((4443, 3567), None, 2), 'small.svs': ((16, 16), 0.499, 1),
    'hamamatsu_fluorescence.ndpi': ((3968, 4864), 0.2282, 7), 'camelyon_multi_frame.dcm': ((1152, 700), None, 1),
    'boxes_0.dcm': ((16, 16), 0.499, 1), 'boxes_1.dcm': ((16, 16), 0.499, 1), 'boxes.tiff': ((300, 250), None, 4),
    'os_1_detail.ome.tif': ((1101, 1101), 0.2271, 1), 'os_2_ndpi.ome.tif': ((2202, 2202), 0.2271, 1),
    'os_2_vsi.ome.tif': ((1445, 1445), 0.3461, 1),
}
REFUSED = {'broken.svs': 'not a readable image', 'unopenable.tiff': 'compression .52479. is not supported'}


def test_every_real_file_is_opened_or_refused(shared_data):
    pytest.importorskip('openslide')
    folder = shared_data / 'slides'
    assert {path.name for path in folder.iterdir()} == REAL.keys() | REFUSED.keys()
    for name, (size, um_per_px, levels) in REAL.items():
        with open_slide(folder / name) as slide:
            assert (slide.size, len(slide.levels)) == (size, levels), name
            assert slide.um_per_px == (um_per_px and pytest.approx((um_per_px, um_per_px), rel=1e-3)), name
            assert slide.read(size[0] // 3, size[1] // 3, 50.5, 40.5).shape == (40, 50, 3)
            assert max(slide.thumbnail(64).shape[:2]) == min(64, max(size)), name
    for name, words in REFUSED.items():
        with pytest.raises(SlideError, match=words) as caught:
            open_slide(folder / name)
        assert str(caught.value).count(name) == 1


def test_pixels_are_those_of_the_reference_readers(shared_data):
    openslide = pytest.importorskip('openslide')
    folder = shared_data / 'slides'
    for name in ('cmu_1_small_region.svs', 'tcga_no_mpp.svs', 'boxes.tiff', 'hamamatsu_fluorescence.ndpi'):
        with open_slide(folder / name) as slide, openslide.OpenSlide(folder / name) as reference:
            x, y = slide.size[0] // 2, slide.size[1] // 2
            width, height = min(300, slide.size[0] - x), min(200, slide.size[1] - y)
            expected = np.asarray(reference.read_region((x, y), 0, (width, height)).convert('RGB'))
            np.testing.assert_array_equal(slide.read(x, y, width, height), expected, err_msg=name)
    for name in ('os_1_detail.ome.tif', 'os_2_vsi.ome.tif'):
        with open_slide(folder / name) as slide:
            np.testing.assert_array_equal(slide.read(300, 400, 600, 500), tifffile.imread(folder / name)[400:900, 300:900])


@pytest.mark.parametrize('name, um_per_px', [('hamamatsu_fluorescence.ndpi', None), ('tcga_no_mpp.svs', 0.25), ('boxes.tiff', 0.25)])
def test_levels_of_real_slides_lie_over_each_other(shared_data, name, um_per_px):
    pytest.importorskip('openslide')
    with open_slide(shared_data / 'slides' / name, um_per_px) as slide:
        side = int(min(512, *slide.size) // 2 // 32 * 32)
        for x, y in ((0.1, 0.2), (0.45, 0.5)):  # far from the corner a wrong ratio of the levels shows
            x, y = int(x * slide.size[0]), int(y * slide.size[1])
            fine = Image.fromarray(slide.read(x, y, side, side))
            for _, _, downsample in slide.levels[1:3]:
                coarse = slide.read(x, y, side, side, slide.um_per_px[0] * downsample).mean(axis=2)
                expected = np.asarray(fine.resize(coarse.shape[::-1], Image.Resampling.HAMMING)).mean(axis=2)
                shift = phase_cross_correlation(expected, coarse, upsample_factor=20)[0] * downsample
                assert np.abs(shift).max() < 1, f'level of 1/{downsample:g} is {shift} px of level 0 off'
