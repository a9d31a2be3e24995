import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core.images import read_header, read_rgb
from mitos_mmdet.core.save_image import save_image

RGB = np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'tif', 'bmp'])
@pytest.mark.parametrize('um_per_px', [(0.25, 0.25), (0.2273, 0.2275), (0.46, 0.46)])
def test_the_pixel_size_comes_back(tmp_path, suffix, um_per_px):
    path = tmp_path / f'a.{suffix}'
    save_image(RGB, path, um_per_px)
    assert read_header(path) == (30, 24, pytest.approx(um_per_px, rel=2e-5))
    if suffix != 'jpg':
        np.testing.assert_array_equal(read_rgb(path), RGB)


def test_a_jpeg_of_40000_px_per_cm_keeps_them(tmp_path):
    save_image(RGB, tmp_path / 'a.jpg', (0.25, 0.25))
    with Image.open(tmp_path / 'a.jpg') as image:
        assert image.info['jfif_unit'] == 2 and image.info['jfif_density'] == (40000, 40000)
    save_image(RGB, tmp_path / 'a.jpg', read_header(tmp_path / 'a.jpg')[2])
    assert read_header(tmp_path / 'a.jpg')[2] == (0.25, 0.25)


def test_what_does_not_fit_a_jpeg_is_left_out_rather_than_wrong(tmp_path):
    save_image(RGB, tmp_path / 'a.jpg', (0.1, 0.1))
    assert read_header(tmp_path / 'a.jpg')[2] is None


def test_an_unknown_suffix_is_refused_before_writing(tmp_path):
    with pytest.raises(ValueError, match='a.xyz: cannot be written as .xyz.*.png'):
        save_image(RGB, tmp_path / 'a.xyz')
    assert list(tmp_path.iterdir()) == []
