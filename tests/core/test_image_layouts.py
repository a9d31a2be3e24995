"""Every layout an image may be stored in: the pixels of a reference, or one clear error. Whole and by region."""

import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from mitos_mmdet.core.images import BrokenImageError, open_image, read_header, read_rgb

H, W = 70, 101  # no multiple of a tile's side, not square
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
SMOOTH = np.stack([np.add.outer(np.arange(H), np.arange(W)) % 256, np.full((H, W), 90), np.full((H, W), 180)], axis=-1).astype(np.uint8)
GREY = RGB[..., 0].copy()
ALPHA = RNG.integers(0, 256, (H, W), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (H, W), dtype=np.uint16)


def over_white(rgb, alpha):
    return np.round(rgb * (alpha[..., None] / 255) + 255 - alpha[..., None].astype(float)).astype(np.uint8)


def grey(values):
    return np.repeat(values[..., None], 3, axis=-1)


def tiff(data, **options):
    return lambda path: tifffile.imwrite(path, data, **{'photometric': 'rgb', 'metadata': None, **options})


LAYOUTS = {  # name: (how to write it, the pixels)
    'strips': (tiff(RGB, rowsperstrip=16), RGB),
    'one strip': (tiff(RGB, rowsperstrip=H), RGB),
    'tiles': (tiff(RGB, tile=(32, 48)), RGB),
    'planar strips': (tiff(RGB.transpose(2, 0, 1), planarconfig='separate', rowsperstrip=9), RGB),
    'planar tiles': (tiff(RGB.transpose(2, 0, 1), planarconfig='separate', tile=(32, 32), compression='lzw'), RGB),
    'lzw': (tiff(RGB, compression='lzw', rowsperstrip=16), RGB),
    'lzw, predictor': (tiff(RGB, compression='lzw', predictor=True, tile=(32, 32)), RGB),
    'deflate': (tiff(RGB, compression='zlib', predictor=True), RGB),
    'zstd': (tiff(RGB, compression='zstd', tile=(16, 16)), RGB),
    'packbits': (tiff(RGB, compression='packbits'), RGB),
    'lossless webp': (tiff(RGB, compression='webp', compressionargs=dict(lossless=True), tile=(32, 32)), RGB),
    'lossless jpeg 2000': (tiff(RGB, compression='jpeg2000', compressionargs=dict(reversible=True), tile=(32, 32)), RGB),
    'big endian': (tiff(RGB, byteorder='>', compression='lzw'), RGB),
    'BigTIFF': (tiff(RGB, bigtiff=True, tile=(32, 32)), RGB),
    '16-bit rgb': (tiff(RGB.astype(np.uint16) * 257, compression='zlib'), RGB),
    '16-bit rgb, big endian': (tiff(RGB.astype(np.uint16) * 257, byteorder='>'), RGB),
    '16-bit grey': (tiff(GREY16, photometric='minisblack'), grey((GREY16 >> 8).astype(np.uint8))),
    '8-bit grey': (tiff(GREY, photometric='minisblack', tile=(32, 32)), grey(GREY)),
    'white is zero': (tiff(GREY, photometric='miniswhite'), grey(255 - GREY)),
    '1 bit': (tiff(GREY > 127, photometric='minisblack'), grey((GREY > 127) * np.uint8(255))),
    '1 bit by Pillow, group 4': (lambda path: Image.fromarray(GREY > 127).save(path, compression='group4'),
                                 grey((GREY > 127) * np.uint8(255))),
    'palette': (lambda path: Image.fromarray(RGB).quantize(64).save(path), np.array(Image.fromarray(RGB).quantize(64).convert('RGB'))),
    'cmyk': (lambda path: Image.fromarray(RGB).convert('CMYK').save(path), RGB),
    'rgba': (tiff(np.dstack([RGB, ALPHA]), extrasamples=['unassalpha']), over_white(RGB, ALPHA)),
    'rgb and what is no alpha': (tiff(np.dstack([RGB, ALPHA]), extrasamples=['unspecified']), RGB),
    'grey and alpha': (tiff(np.dstack([GREY, ALPHA]), photometric='minisblack', planarconfig='contig', extrasamples=['unassalpha']),
                       over_white(grey(GREY), ALPHA)),
    'ImageJ colours as channels': (lambda path: tifffile.imwrite(path, RGB.transpose(2, 0, 1), imagej=True, metadata=dict(
        axes='CYX', mode='composite')), RGB),
    'OME, three planes': (lambda path: tifffile.imwrite(path, RGB.transpose(2, 0, 1), ome=True, photometric='minisblack', metadata=dict(
        axes='CYX')), RGB),
    'OME, planes that say red, green, blue': (lambda path: tifffile.imwrite(
        path, RGB.transpose(2, 0, 1), ome=True, photometric='minisblack', metadata=dict(axes='CYX', Channel=dict(
            Name=['Red', 'Green', 'Blue']))), RGB),
    'OME, 12 bits': (lambda path: tifffile.imwrite(path, GREY16 >> 4, ome=True, photometric='minisblack', metadata=dict(
        axes='YX', SignificantBits=12)), grey((GREY16 >> 8).astype(np.uint8))),
    '2 bits': (tiff(GREY >> 6, photometric='minisblack', bitspersample=2), grey((GREY >> 6) * np.uint8(85))),
    '4 bits': (tiff(GREY >> 4, photometric='minisblack', bitspersample=4), grey((GREY >> 4) * np.uint8(17))),
    '12 packed bits': (tiff(GREY.astype(np.uint16) << 4, photometric='minisblack', bitspersample=12), grey(GREY)),
    'planar, 16 bits, predictor': (tiff(RGB.astype(np.uint16).transpose(2, 0, 1) * 257, planarconfig='separate', tile=(32, 32),
                                        compression='lzw', predictor=True), RGB),
    'alpha that colours are multiplied by': (tiff(np.dstack([RGB, ALPHA]), extrasamples=['assocalpha']), np.minimum(
        RGB.astype(int) + 255 - ALPHA[..., None].astype(int), 255).astype(np.uint8)),
    'a tile larger than the image': (tiff(RGB, tile=(128, 128)), RGB),
    'OME with axes of one': (lambda path: tifffile.imwrite(path, RGB[None, None], ome=True, photometric='rgb', metadata=dict(
        axes='TZYXS')), RGB),
    'a mask as second page': (lambda path: tifffile.imwrite(path, RGB, photometric='rgb', metadata=None) or tifffile.imwrite(
        path, GREY, photometric='minisblack', metadata=None, append=True), RGB),
    'a label beside it': (lambda path: tifffile.imwrite(path, RGB, photometric='rgb') or tifffile.imwrite(
        path, RGB[:20, :20], photometric='rgb', append=True), RGB),
}


@pytest.mark.parametrize('name', LAYOUTS)
def test_a_layout_gives_the_pixels_of_the_reference(tmp_path, name):
    write, expected = LAYOUTS[name]
    write(tmp_path / 'a.tif')
    np.testing.assert_array_equal(read_rgb(tmp_path / 'a.tif'), expected)
    with open_image(tmp_path / 'a.tif') as image:
        assert (image.width, image.height) == (W, H)
        for x, y, width, height in ((0, 0, 1, 1), (30, 20, 40, 33), (W - 5, H - 3, 5, 3), (0, 31, W, 2)):
            np.testing.assert_array_equal(image.read(0, x, y, width, height), expected[y:y + height, x:x + width])


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['tif', 'jpg', 'png'])
def test_orientation_is_applied(tmp_path, orientation, suffix):
    stored = Image.fromarray(SMOOTH)
    path = tmp_path / f'a.{suffix}'
    if suffix == 'tif':
        tifffile.imwrite(path, SMOOTH, photometric='rgb', metadata=None, tile=(32, 48),
                         extratags=[(274, 'H', 1, orientation, True)])
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(path, exif=exif, quality=100)
    decoded = np.array(Image.open(path).convert('RGB')) if suffix != 'tif' else SMOOTH
    order = {1: decoded, 2: decoded[:, ::-1], 3: decoded[::-1, ::-1], 4: decoded[::-1], 5: decoded.swapaxes(0, 1),
             6: np.rot90(decoded, -1), 7: decoded[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(decoded)}
    expected = order[orientation]
    assert read_header(path)[:2] == expected.shape[1::-1]
    np.testing.assert_array_equal(read_rgb(path), expected)
    with open_image(path) as image:
        np.testing.assert_array_equal(image.read(0, 7, 11, 20, 30), expected[11:41, 7:27])


def test_a_png_says_its_orientation_behind_the_pixels_and_is_not_decoded_for_it(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(SMOOTH).save(tmp_path / 'a.png', exif=exif)
    content = (tmp_path / 'a.png').read_bytes()
    start, pixels = content.index(b'eXIf') - 4, content.index(b'IDAT') - 4
    assert start < pixels
    end = start + 12 + int.from_bytes(content[start:start + 4], 'big')
    last = content.index(b'IEND') - 4
    (tmp_path / 'b.png').write_bytes(content[:start] + content[end:last] + content[start:end] + content[last:])
    (tmp_path / 'c.png').write_bytes(content[:start] + content[end:])
    np.testing.assert_array_equal(read_rgb(tmp_path / 'b.png'), np.rot90(SMOOTH, -1))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, 'load', None)
    assert [read_header(tmp_path / name)[:2] for name in ('a.png', 'b.png', 'c.png')] == [(H, W), (H, W), (W, H)]


@pytest.mark.parametrize('options', [dict(), dict(tile=(32, 32))])
def test_jpeg_in_tiff_is_as_pillow_decodes_it(tmp_path, options):
    tifffile.imwrite(tmp_path / 'a.tif', SMOOTH, photometric='rgb', compression='jpeg', **options)
    close = np.abs(read_rgb(tmp_path / 'a.tif').astype(int) - SMOOTH)
    assert np.percentile(close, 90) <= 6  # lossy; the hue is right
    np.testing.assert_array_equal(read_rgb(tmp_path / 'a.tif'), tifffile.imread(tmp_path / 'a.tif'))
    if not options:
        Image.fromarray(SMOOTH).save(tmp_path / 'b.tif', compression='jpeg')
        np.testing.assert_allclose(read_rgb(tmp_path / 'b.tif'), np.array(Image.open(tmp_path / 'b.tif').convert('RGB')), atol=2)


IMAGES = {
    'rgba.png': (np.dstack([RGB, ALPHA]), {}, over_white(RGB, ALPHA)),
    'la.png': (np.dstack([GREY, ALPHA]), {}, over_white(grey(GREY), ALPHA)),
    '16.png': (GREY16, {}, grey((GREY16 >> 8).astype(np.uint8))),
    '1.png': (GREY > 127, {}, grey((GREY > 127) * np.uint8(255))),
    'a.bmp': (RGB, {}, RGB),
    'a.webp': (RGB, dict(lossless=True), RGB),
    'a.jp2': (RGB, dict(irreversible=False), RGB),
    'a.gif': (GREY, {}, grey(GREY)),
}


@pytest.mark.parametrize('name', IMAGES)
def test_other_formats(tmp_path, name):
    data, options, expected = IMAGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        Image.fromarray(data).save(tmp_path / name, **options)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), expected)


def test_cmyk_jpeg_and_a_transparent_palette(tmp_path):
    Image.fromarray(SMOOTH).convert('CMYK').save(tmp_path / 'a.jpg', quality=100)
    assert np.abs(read_rgb(tmp_path / 'a.jpg').astype(int) - SMOOTH).mean() < 3
    Image.fromarray(GREY).convert('P').save(tmp_path / 'p.png', transparency=7)
    pixels = read_rgb(tmp_path / 'p.png')
    assert (pixels[GREY == 7] == 255).all()
    np.testing.assert_array_equal(pixels[GREY != 7], grey(GREY)[GREY != 7])


REFUSED = {  # name: (how to write it, words of the error)
    'pages': (tiff(np.stack([RGB] * 4)), 'holds 4 images of one size.*Export it as 8-bit RGB'),
    'three grey pages': (tiff(RGB.transpose(2, 0, 1).copy(), photometric='minisblack'), 'holds 3 images.*stack'),
    'fluorescence': (lambda path: tifffile.imwrite(path, RGB.transpose(2, 0, 1), ome=True, photometric='minisblack', metadata=dict(
        axes='CYX', Channel=dict(Name=['DAPI', 'GFP', 'Cy5']))), 'channels that are not the colours'),
    'five channels': (lambda path: tifffile.imwrite(path, np.stack([GREY] * 5), imagej=True, metadata=dict(axes='CYX')), 'holds 5 images'),
    'z-stack': (lambda path: tifffile.imwrite(path, np.stack([RGB] * 3), ome=True, photometric='rgb', metadata=dict(axes='ZYXS')),
                'holds 3 images'),
    'floats': (tiff(RGB.astype(np.float32)), 'float32.*8-bit RGB'),
    '32 bits': (tiff(RGB.astype(np.uint32)), '32 bits.*8-bit RGB'),
    'signed': (tiff(RGB.astype(np.int16)), 'int16'),
    '12 bits in 16': (tiff(GREY16 >> 4, photometric='minisblack'), '12-bit camera'),
    'small page first': (lambda path: tifffile.imwrite(path, RGB[:20, :20], photometric='rgb') or tifffile.imwrite(
        path, RGB, photometric='rgb', append=True), 'is not its largest'),
    'two channels': (tiff(np.dstack([GREY, ALPHA]), photometric='minisblack', planarconfig='contig', extrasamples=['unspecified']),
                     '2 channels that are not colours'),
    'Lab': (tiff(RGB, photometric='cielab'), 'photometric interpretation 8'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_is_no_rgb_image_is_refused_by_name(tmp_path, name):
    write, words = REFUSED[name]
    write(tmp_path / 'a.tif')
    with pytest.raises(BrokenImageError, match=f'a.tif.*{words}') as caught:
        read_rgb(tmp_path / 'a.tif')
    assert '\n' not in str(caught.value) and str(caught.value).count('a.tif') == 1


def test_an_animation_is_refused(tmp_path):
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    for name in ('a.gif', 'a.webp', 'a.png'):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with pytest.raises(BrokenImageError, match='holds 2 images'):
            read_rgb(tmp_path / name)
