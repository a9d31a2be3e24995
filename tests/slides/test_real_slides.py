"""Every real slide at hand: opened as reference readers open it, or refused."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.registration import phase_cross_correlation

from mitos_mmdet.slides.open_slide import SlideError, open_slide

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
