import tracemalloc
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from skimage.color import hed2rgb

from mitos_mmdet.slides.he_colours import he_fault
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.slide import Slide
from mitos_mmdet.slides.tissue import TissueMask, tissue_mask
from mitos_mmdet.slides.tissue_share import TissueShare
from mitos_mmdet.slides.wanted_area import WantedArea

GLASS, PINK = (243, 242, 244), (225, 150, 190)


class Picture(Slide):
    """A slide in memory."""

    def __init__(self, pixels, um_per_px=4.0):
        super().__init__('picture.tif', [pixels.shape[1::-1]], um_per_px=um_per_px and (um_per_px, ) * 2)
        self.pixels = pixels

    def _read_level(self, level, x, y, width, height):
        return self.pixels[y:y + height, x:x + width]


def canvas(width=600, height=400):
    return np.full((height, width, 3), GLASS, np.uint8)


def test_area_polygons_and_shares_agree(tmp_path, made):
    made.pyramid(tmp_path / 'a.tif', made.picture(800, 600), um_per_px=0.25)
    with open_slide(tmp_path / 'a.tif') as slide:
        mask = tissue_mask(slide)
    expected = 0.7 * 0.7
    assert mask.share == pytest.approx(expected, rel=0.02)
    assert mask.area_mm2 == pytest.approx(expected * 200 * 150 / 1e6, rel=0.02)
    assert sum(polygon.area for polygon in mask.polygons()) == pytest.approx(mask.share * 800 * 600, rel=0.01)
    assert mask.covers((300, 200, 400, 300)) == 1 and mask.covers((0, 0, 100, 60)) == 0 and mask.covers((900, 0, 950, 50)) == 0
    assert mask.covers((0, 200, 240, 300)) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize('name, colour', [
    ('blue', (30, 60, 170)), ('green', (30, 140, 60)), ('black', (25, 25, 28)), ('red', (215, 25, 35)), ('unscanned', (255, 255, 255)),
    ('dark border', (10, 10, 10)), ('grey', (128, 128, 128)),
])
def test_pens_and_borders_are_out(name, colour):
    pixels = canvas()
    pixels[50:350, 50:300] = PINK
    pixels[50:350, 400:580] = colour
    mask = tissue_mask(Picture(pixels))
    assert mask.covers((60, 60, 290, 340)) == 1
    assert mask.covers((410, 60, 570, 340)) == 0, name


def test_holes_are_filled_and_specks_removed():
    pixels = canvas()
    pixels[50:350, 50:550] = PINK
    pixels[100:130, 100:130] = GLASS  # 120 um: a vessel
    pixels[150:300, 200:400] = GLASS  # 600 x 800 um: a lumen
    pixels[10:15, 10:15] = PINK  # 20 um: dust
    mask = tissue_mask(Picture(pixels))
    assert mask.covers((90, 90, 140, 140)) == 1
    assert mask.covers((220, 170, 380, 280)) == 0
    assert mask.covers((0, 0, 30, 30)) == 0
    assert len(mask.polygons()) == 1 and len(mask.polygons()[0].interiors) == 1


def test_a_region_full_of_tissue_and_one_of_glass():
    assert tissue_mask(Picture(np.full((300, 300, 3), PINK, np.uint8))).share == 1
    noise = np.random.default_rng(0).integers(-4, 5, (300, 300, 3))
    glass = tissue_mask(Picture((np.array(GLASS) + noise).clip(0, 255).astype(np.uint8)))
    assert glass.share == 0 and glass.polygons() == [] and glass.area_mm2 == 0


def test_without_um_per_px_there_is_a_mask_but_no_area(made):
    mask = tissue_mask(Picture(made.picture(300, 200), um_per_px=None))
    assert mask.share > 0.4 and mask.area_mm2 is None


@pytest.mark.parametrize('colours, words', [
    ([PINK, (130, 80, 160)], None),
    ([GLASS, GLASS], None),  # empty glass is no other stain
    ([(0, 0, 90), (0, 0, 0)], 'dark, as in fluorescence'),
    ([(150, 110, 70), (140, 160, 200)], 'pink or violet'),  # DAB and haematoxylin
    ([(120, 120, 120), (90, 90, 90)], 'grey'),
])
def test_what_does_not_look_like_he_is_named(colours, words):
    pixels = canvas() if words != 'dark, as in fluorescence' else np.zeros((400, 600, 3), np.uint8)
    pixels[50:200, 50:550], pixels[200:350, 50:550] = colours
    fault = he_fault(pixels)
    assert words in fault if words else fault is None


def test_he_with_a_black_unscanned_part_is_he():
    pixels = np.zeros((400, 600, 3), np.uint8)
    pixels[:, 400:] = GLASS
    pixels[100:300, 450:550] = PINK
    assert he_fault(pixels) is None
    assert tissue_mask(Picture(pixels)).covers((460, 110, 540, 290)) == 1 and tissue_mask(Picture(pixels)).covers((10, 10, 390, 390)) == 0


@pytest.mark.parametrize('colour', [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 0, 255), (40, 60, 255)])
def test_bright_fluorescence_is_no_he(colour):
    pixels = np.zeros((400, 600, 3), np.uint8)
    pixels[100:300, 150:450:3] = colour
    assert 'fluorescence' in he_fault(pixels) or 'pink or violet' in he_fault(pixels)


def test_a_black_and_white_tiff_is_grey(tmp_path, made):
    tifffile.imwrite(tmp_path / 'a.tif', made.picture(300, 200)[..., 1], photometric='minisblack')
    with open_slide(tmp_path / 'a.tif') as slide:
        assert 'grey' in he_fault(slide.thumbnail(300))


@pytest.mark.parametrize(('build', 'bytes_per_px'), [
    (lambda mask: TissueMask(mask, (8.0, 8.0), (9000, 9000)), 0), (lambda mask: TissueShare(mask, (8.0, 8.0)), 6),
    (lambda mask: WantedArea(SimpleNamespace(size=(9000, 9000)), TissueMask(mask, (8.0, 8.0), (9000, 9000))), 3)])
def test_masks_of_large_slides_take_little_memory(build, bytes_per_px):
    mask = np.ones((900, 900), bool)
    build(mask)  # what is loaded at the first call
    tracemalloc.start()
    build(mask)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < bytes_per_px * mask.size + 10_000


def stained(haematoxylin, eosin, dab):
    """Nuclei and ground of three stains each, on a glass: ``(nuclei, ground)`` as densities of skimage's ``hed2rgb``."""
    amounts = np.zeros((400, 600, 3))
    amounts[50:350, 50:550] = [each[1] for each in (haematoxylin, eosin, dab)]
    for row, column in np.random.default_rng(0).integers((60, 60), (330, 530), (150, 2)):
        amounts[row:row + 8, column:column + 8] = [each[0] for each in (haematoxylin, eosin, dab)]
    return (hed2rgb(amounts) * 255).astype(np.uint8)


NONE, HAEMATOXYLIN, EOSIN = (0, 0), (0.15, 0.03), (0.05, 0.08)


def test_swapped_channels_and_dab_are_named():
    he = stained(HAEMATOXYLIN, EOSIN, NONE)
    assert he_fault(he) is None
    for order in permutations(range(3)):
        assert (he_fault(np.ascontiguousarray(he[..., order])) is None) == (order == (0, 1, 2)), order
    assert 'DAB' in he_fault(stained((0.05, 0.03), NONE, (0.2, 0)))  # brown nuclei
    assert 'DAB' in he_fault(stained(HAEMATOXYLIN, NONE, (0.05, 0.1)))  # brown between the nuclei


def test_no_real_he_is_named_but_swapped_it_is(shared_data):
    images = sorted([*shared_data.glob('icpr2012/*.jpg'), *shared_data.glob('mitos_atypia14/A03/frames/x40/*.*')])
    images += sorted(shared_data.glob('ami_br/*/*.jpg'))[::150]
    assert len(images) > 20
    for path in images:
        with open_slide(path) as slide:
            pixels = slide.thumbnail(500)
        assert he_fault(pixels) is None, path
        assert he_fault(np.ascontiguousarray(pixels[..., ::-1])), path
