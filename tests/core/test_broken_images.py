"""Whatever an image file does to its reader, it is one line that names it."""

import os
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from mitos_mmdet.core.images import BrokenImageError, open_image, read_header, read_rgb

RGB = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def with_tag(path, tag, value):
    """Overwrites a LONG or RATIONAL tag's value of the first page of a little-endian TIFF."""
    with tifffile.TiffFile(path) as file:
        found = file.pages[0].tags[tag]
        offset, kind = found.valueoffset, found.dtype
    data = bytearray(path.read_bytes())
    packed = struct.pack('<II', *value) if isinstance(value, tuple) else struct.pack({3: '<H', 4: '<I'}[int(kind)], value)
    data[offset:offset + len(packed)] = packed
    path.write_bytes(bytes(data))


def test_a_resolution_of_0_by_0_is_none(tmp_path):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, RGB, photometric='rgb', resolution=(40000, 40000), resolutionunit='CENTIMETER')
    assert read_header(path)[2] == pytest.approx((0.25, 0.25))
    with_tag(path, 282, (0, 0))
    with_tag(path, 283, (1, 0))
    assert read_header(path) == (50, 40, None)
    np.testing.assert_array_equal(read_rgb(path), RGB)


@pytest.mark.parametrize('name, keep', [('a.jpg', 0.7), ('a.png', 0.7), ('a.tif', 0.7), ('a.webp', 0.7), ('a.bmp', 0.7)])
def test_the_reason_holds_no_names_of_the_code(tmp_path, name, keep):
    path = tmp_path / name
    Image.fromarray(RGB).save(path)
    path.write_bytes(path.read_bytes()[:int(keep * path.stat().st_size)])
    with pytest.raises(BrokenImageError, match=name) as caught:
        read_rgb(path)
    assert not re.search(r'\w(Error|Exception)\b', str(caught.value))


@pytest.mark.parametrize('tag', ['ImageLength', 'ImageWidth'])
@pytest.mark.parametrize('value', [4_294_967_295, 2_000_000_000, 0])
@pytest.mark.parametrize('options', [dict(), dict(compression='lzw'), dict(tile=(16, 16), compression='jpeg')])
def test_a_header_that_claims_billions_of_rows(tmp_path, tag, value, options):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, RGB, photometric='rgb', **options)
    with_tag(path, tag, value)
    with pytest.raises(BrokenImageError, match='a.tif'):
        read_rgb(path)


def png_of_zeros(width, height):
    """A small PNG that decodes to a large image."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    packer = zlib.compressobj(1)
    rows = b''.join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', rows) + chunk(b'IEND', b'')


def test_a_bomb_meets_a_limit_that_can_be_raised(tmp_path, monkeypatch):
    path = tmp_path / 'bomb.png'
    path.write_bytes(png_of_zeros(4000, 3000))
    monkeypatch.setenv('MITOS_MAX_MPX', '5')
    with pytest.raises(BrokenImageError, match=r'bomb.png.*4000 x 3000 px, more than the limit of 5 Mpx.*--max-mpx 12 .or set MITOS_MAX_'
                       r'MPX=12'):
        read_rgb(path)
    monkeypatch.setenv('MITOS_MAX_MPX', '12')
    assert read_rgb(path).shape == (3000, 4000, 3)
    monkeypatch.setenv('MITOS_MAX_MPX', 'many')
    with pytest.raises(ValueError, match='MITOS_MAX_MPX=many'):
        read_rgb(path)


def test_a_large_tiff_is_limited_whole_but_not_by_region(tmp_path, monkeypatch):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, np.zeros((600, 600, 3), np.uint8), photometric='rgb', tile=(64, 64), compression='zlib')
    monkeypatch.setenv('MITOS_MAX_MPX', '0.1')
    with pytest.raises(BrokenImageError, match='--max-mpx 1 '):
        read_rgb(path)
    with open_image(path) as image:
        assert image.read(0, 100, 100, 50, 50).shape == (50, 50, 3)


def test_pillows_own_guard_is_left_as_it_was(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    assert before is not None
    Image.new('L', (20000, 10000)).save(tmp_path / 'large.png')
    assert read_header(tmp_path / 'large.png')[:2] == (20000, 10000)
    (tmp_path / 'text.png').write_bytes(b'text')
    with pytest.raises(BrokenImageError):
        read_header(tmp_path / 'text.png')
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / 'a.png')
    for read in (read_header, read_rgb):
        with pytest.raises(BrokenImageError, match='not an ordinary file'):
            read(tmp_path / 'a.png')


def test_odd_names(tmp_path):
    for name in ('with space é 病理.tif', '%s $x$ {0}.png', '-o.png'):
        Image.fromarray(RGB).save(tmp_path / name)
        np.testing.assert_array_equal(read_rgb(tmp_path / name), RGB)
    for name in ('a\0b.png', 'x' * 300 + '.png'):
        with pytest.raises(BrokenImageError, match='cannot be opened'):
            read_rgb(tmp_path / name)


@pytest.mark.parametrize('name, options', [
    ('a.png', {}), ('a.jpg', {}), ('a.webp', {}), ('a.jp2', {}), ('a.bmp', {}), ('a.tif', dict(compression='lzw')),
    ('b.tif', dict(compression='zlib', tile=(16, 16))), ('c.tif', dict(compression='jpeg', tile=(16, 16))),
])
def test_mutated_files_give_pixels_or_one_line(tmp_path, name, options):
    """A few of what tests/fuzz does at length."""
    path, rng = tmp_path / name, np.random.default_rng(0)
    if name.endswith('.tif'):
        tifffile.imwrite(path, RGB, photometric='rgb', **options)
    else:
        Image.fromarray(RGB).save(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(40):
        data = whole.copy()
        places = rng.integers(0, min(len(data), 400), 4)
        data[places] = rng.integers(0, 256, 4)
        path.write_bytes(data[:rng.integers(1, len(data) + 1)].tobytes())
        try:
            pixels = read_rgb(path)
            assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
        except BrokenImageError as error:
            assert str(path) in str(error) and '\n' not in str(error)


def test_reading_says_nothing_on_stderr(tmp_path):
    tifffile.imwrite(tmp_path / 'a.tif', RGB, photometric='rgb', compression='lzw')
    with_tag(tmp_path / 'a.tif', 'StripOffsets', 4_000_000_000)
    data = (tmp_path / 'a.tif').read_bytes()
    (tmp_path / 'b.tif').write_bytes(data[:200])  # tags lead beyond its end, which tifffile logs
    code = ('import sys; from mitos_mmdet.core.images import read_rgb\n'
            'for path in sys.argv[1:]:\n try: read_rgb(path)\n except ValueError as error: print(error)')
    done = subprocess.run([sys.executable, '-c', code, tmp_path / 'a.tif', tmp_path / 'b.tif'], capture_output=True, text=True, check=True)
    assert done.stderr == '' and done.stdout.count('\n') == 2


def test_other_files_of_an_ome_set_are_not_opened(tmp_path):
    (tmp_path / 'inside').mkdir()
    tifffile.imwrite(tmp_path / 'secret.ome.tif', 255 - RGB, photometric='rgb', ome=True, metadata=dict(axes='YXS'))
    with tifffile.TiffFile(tmp_path / 'secret.ome.tif') as file:
        text = file.ome_metadata
    uuid = text.split('UUID="')[1].split('"')[0] if 'UUID="' in text else 'urn:uuid:00000000-0000-0000-0000-000000000001'
    leading = (f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:x"><Image ID="Image:0">'
               f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="50" SizeY="40" SizeC="3" SizeZ="1" SizeT="1">'
               f'<Channel ID="Channel:0:0" SamplesPerPixel="3"/><TiffData IFD="0" PlaneCount="1"><UUID FileName="../secret.ome.tif">{uuid}'
               f'</UUID></TiffData></Pixels></Image></OME>')
    path = tmp_path / 'inside' / 'a.ome.tif'
    tifffile.imwrite(path, RGB, photometric='rgb', metadata=None, description=leading)
    try:
        np.testing.assert_array_equal(read_rgb(path), RGB)
    except BrokenImageError as error:
        assert 'a.ome.tif' in str(error)


def test_a_pointer_of_git_lfs_and_a_novel_beside_the_pixels(tmp_path):
    (tmp_path / 'a.png').write_text('version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n')
    with pytest.raises(BrokenImageError, match=r'a\.png: is a pointer of Git LFS.*git lfs pull'):
        read_rgb(tmp_path / 'a.png')
    text = PngImagePlugin.PngInfo()
    text.add_text('log', 'x' * 2_000_000, zip=True)
    Image.new('RGB', (8, 8)).save(tmp_path / 'b.png', pnginfo=text)
    with pytest.raises(BrokenImageError, match=r'b\.png: carries more than a megabyte of text'):
        read_rgb(tmp_path / 'b.png')


@pytest.mark.parametrize('bigtiff', [False, True])
def test_a_pyramid_without_its_last_levels_is_truncated(tmp_path, bigtiff):
    # Its first level is whole, so that what is left could be taken for an image of one level, or of a scanner's file for its label.
    path, pixels = tmp_path / 'a.tif', np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for level in range(3):
            file.write(pixels[::2**level, ::2**level], photometric='rgb', tile=(64, 64), subfiletype=int(level > 0), metadata=None)
    with tifffile.TiffFile(path) as file:
        second = file.pages[1].offset
    assert read_header(path)[:2] == (256, 256)
    path.write_bytes(path.read_bytes()[:second])
    with pytest.raises(BrokenImageError, match=f'a.tif: is truncated: a page of it begins at byte {second}, and it has {second}. Fetch'):
        read_header(path)
