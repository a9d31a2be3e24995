"""Reading regions of a slide: positions, levels, borders."""

import numpy as np
import pytest
import tifffile

from mitos_mmdet.slides.open_slide import SlideError, open_slide
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
