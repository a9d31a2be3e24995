import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from mitos_mmdet.core.images import BrokenImageError, read_header, read_rgb


@pytest.fixture
def pixels():
    """uint8 ``(24, 30, 3)``."""
    return np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize('name, options', [('a.png', {}), ('a.tif', {}), ('b.tiff', dict(compression='tiff_lzw'))])
def test_pixels_and_size_come_back_as_written(tmp_path, pixels, name, options):
    Image.fromarray(pixels).save(tmp_path / name, **options)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), pixels)
    assert read_header(tmp_path / name) == (30, 24, None)


@pytest.mark.parametrize('mode', ['L', 'RGBA', 'P'])
def test_any_mode_becomes_rgb(tmp_path, pixels, mode):
    Image.fromarray(pixels).convert(mode).save(tmp_path / 'a.png')
    read = read_rgb(tmp_path / 'a.png')
    assert read.shape == (24, 30, 3) and read.dtype == np.uint8
    if mode == 'RGBA':
        np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize('name, options', [
    ('cut.jpg', {}),  # Pillow alone would warn and give a grey rest
    ('cut.png', {}),
    ('cut.tif', {}),  # uncompressed: mapped into memory
    ('cut.tif', dict(compression='tiff_lzw')),
    ('cut.tif', dict(compression='jpeg')),
])
def test_a_truncated_image_raises_wherever_it_ends(tmp_path, pixels, name, options):
    path = tmp_path / name
    Image.fromarray(pixels).save(path, **options)
    whole = path.read_bytes()
    read_rgb(path)
    for length in (*range(0, len(whole) - 40, 97), len(whole) - 40):  # PNG may lose its last chunk, which holds no pixels
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenImageError, match=name):
            read_rgb(path)


@pytest.mark.parametrize('name, content, reason', [
    ('missing.png', None, 'no such image.*data_root'),
    ('empty.png', b'', 'it is empty'),
    ('text.jpg', b'not an image', 'not a readable image'),
    ('labels.tif', b'1,2,3\n', 'not a readable image'),
])
def test_what_is_no_image_is_named(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for read in (read_header, read_rgb):
        with pytest.raises(BrokenImageError, match=f'{name}.*{reason}'):
            read(path)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(BrokenImageError, match=str(tmp_path)):
        read_rgb(tmp_path)


@pytest.mark.parametrize('unit, x, y, um_per_px', [
    (3, 40000, 40000, (0.25, 0.25)),  # px per centimetre
    (2, 101600, 50800, (0.25, 0.5)),  # px per inch, pixels not square
    (None, 101600, 101600, (0.25, 0.25)),  # no unit: inch, as TIFF says
    (1, 40000, 40000, None),  # "no absolute unit"
    (2, 72, 72, None),  # a default of software, 353 um
    (3, 0, 40000, None),  # zero
    (3, 40000, None, None),  # one axis only
])
def test_resolution_tags_give_the_pixel_size(tmp_path, pixels, unit, x, y, um_per_px):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in ((296, unit), (282, x), (283, y)):
        if value is not None:
            tags[number] = value
    Image.fromarray(pixels).save(tmp_path / 'a.tif', tiffinfo=tags)
    width, height, found = read_header(tmp_path / 'a.tif')
    assert (width, height) == (30, 24)
    assert found == (um_per_px and pytest.approx(um_per_px))


def test_a_slide_region_is_no_decompression_bomb(tmp_path):
    Image.new('L', (20000, 10000)).save(tmp_path / 'large.png')  # 200 Mpx, above Pillow's guard
    assert read_header(tmp_path / 'large.png')[:2] == (20000, 10000)
