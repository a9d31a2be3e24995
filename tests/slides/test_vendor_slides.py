"""Scanners' formats, in files that the tests write: OpenSlide takes them for real ones, and every disc is found once, at its place."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.open_slide import open_slide

openslide = pytest.importorskip('openslide')
sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model  # noqa: E402
from vendor_mirax import PHOTO, mirax_size, write_mirax  # noqa: E402
from vendor_scenes import SCENES  # noqa: E402
from vendor_tiff import halved  # noqa: E402


@pytest.fixture(params=SCENES)
def scene(request):
    return SCENES[request.param]


def test_what_a_slide_says_of_itself(tmp_path, scene):
    path = scene.make(tmp_path)
    assert openslide.OpenSlide.detect_format(str(path)) == scene.vendor
    with open_slide(path) as slide:
        assert (slide.properties['vendor'], slide.size, slide.bounds) == (scene.vendor, scene.size, scene.bounds)
        assert slide.um_per_px == pytest.approx(scene.um_per_px, rel=1e-6)
        assert [level[2] for level in slide.levels] == pytest.approx(scene.downsamples, rel=0.01)


def test_pixels_lie_where_they_were_scanned_and_all_else_is_white(tmp_path, scene):
    with open_slide(scene.make(tmp_path)) as slide:
        pixels, mask = slide.read(0, 0, *slide.size), scene.mask
        assert (pixels[~mask] == 255).all()
        expected = np.where(mask[..., None], scene.pixels, 255).astype(np.uint8)
        away = np.abs(pixels.astype(int) - expected)
        assert away.max() <= 30 and away.mean() < 1.5  # JPEG
        # The same at a quarter of the resolution, from a coarser level where there is one; tiles may begin at half a px of it.
        coarse = slide.read(0, 0, *slide.size, um_per_px=[side * 4 for side in slide.um_per_px])
        expected = halved(expected, 2)
        away = np.abs(coarse[:expected.shape[0], :expected.shape[1]].astype(int) - expected)
        assert away.mean() < (1.5 if scene.divides else 2.5) and (away > 20).mean() < (0.005 if scene.divides else 0.03)


@pytest.mark.parametrize('um_per_px', [0.25, 0.5])
def test_every_disc_once_and_within_one_px(tmp_path, scene, um_per_px):
    with open_slide(scene.make(tmp_path)) as slide:
        found = detect(slide, disc_model(um_per_px, 128, 64)).where(0.5)
    distances = np.linalg.norm(found.points[:, None] - np.array(scene.discs)[None], axis=2)
    assert len(found) == len(scene.discs)
    assert sorted(distances.argmin(axis=1)) == list(range(len(scene.discs)))
    assert distances.min(axis=1).max() <= um_per_px / 0.25


def test_a_photo_off_its_place_and_many_small_levels_of_mirax(tmp_path):
    photos, shift = (4, 3), (-7, -5)
    size = mirax_size(photos, 16)
    disc = 3 * (PHOTO - 16) - 7 + 60, 2 * (PHOTO - 16) - 5 + 70
    scene = np.full((size[1], size[0], 3), 235, np.uint8)
    scene[disc[1] - 18:disc[1] + 18, disc[0] - 18:disc[0] + 18] = (60, 20, 90)
    write_mirax(tmp_path / 'a.mrxs', scene, photos, 16, levels=7, shift=shift)
    with open_slide(tmp_path / 'a.mrxs') as slide:
        assert [level[2] for level in slide.levels] == [1, 2, 4, 8, 16, 32, 64]
        assert slide.levels[-1][:2] == (7, 5), 'of 464 x 352 px: 464 / 7 would be 66'
        for um_per_px in (0.25, 0.5, 1.0):
            dark = np.argwhere(slide.read(0, 0, *slide.size, um_per_px=um_per_px)[..., 1] < 110)
            centre = (dark.mean(axis=0)[::-1] + 0.5) * um_per_px / 0.25
            assert np.abs(centre - disc).max() <= um_per_px / 0.25
