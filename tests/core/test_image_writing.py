import errno

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core import image_writing
from mitos_mmdet.core.files import OutputError
from mitos_mmdet.core.image_writing import WRITABLE, write_image

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.mark.parametrize('suffix', WRITABLE)
def test_pixels_come_back(tmp_path, suffix):
    write_image(tmp_path / f'a{suffix}', PIXELS, (0.25, 0.5))
    read = np.array(Image.open(tmp_path / f'a{suffix}').convert('RGB')).astype(int)
    assert np.abs(read - PIXELS).max() <= (0 if suffix not in ('.jpg', '.jpeg') else 60)


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.tif', '.bmp'])
@pytest.mark.parametrize('um_per_px', [(0.25, 0.25), (0.2273, 0.2275), (0.11, 0.11)])  # the last is beyond JPEG's 16 bits
def test_pixel_sizes_come_back(tmp_path, suffix, um_per_px):
    write_image(tmp_path / f'a{suffix}', PIXELS, um_per_px)
    dpi = Image.open(tmp_path / f'a{suffix}').info['dpi']
    assert tuple(25400 / float(value) for value in dpi) == pytest.approx(um_per_px, rel=1e-4)


@pytest.mark.parametrize('um_per_px', [None, (0, 0), (-1, 1), (float('nan'), 1), (float('inf'), 1), (1e-9, 1e-9)])
def test_a_pixel_size_that_is_none_is_left_out(tmp_path, um_per_px):
    for suffix in WRITABLE:
        write_image(tmp_path / f'a{suffix}', PIXELS, um_per_px)
        write_image(tmp_path / f'b{suffix}', PIXELS)
        assert (tmp_path / f'a{suffix}').read_bytes() == (tmp_path / f'b{suffix}').read_bytes()


@pytest.mark.parametrize('error, kind', [(RuntimeError('odd'), ValueError), (MemoryError(), ValueError), (KeyError('x'), ValueError),
                                         (OSError(errno.ENOSPC, 'No space left on device'), OutputError)])
def test_what_an_encoder_raises_names_the_file(tmp_path, monkeypatch, error, kind):
    def fails(*_, **__):
        raise error
    monkeypatch.setattr(image_writing.Image.Image, 'save', fails)
    with pytest.raises(ValueError, match=r'a\.png: cannot be written') as raised:
        write_image(tmp_path / 'a.png', PIXELS)
    assert type(raised.value) is kind and not list(tmp_path.iterdir())
