"""Writes DICOM slides: one file per level and one for the label, which OpenSlide joins by their series."""

import io
import struct

import numpy as np
from PIL import Image
from vendor_tiff import TILE, blanked, halved

_SLIDE, _JPEG = '1.2.840.10008.5.1.4.1.1.77.1.6', '1.2.840.10008.1.2.4.50'  # whole slide microscopy; JPEG baseline
_UNDEFINED = 0xFFFFFFFF
_LONG_LENGTH = ('OB', 'SQ', 'UT')
_NUMBERS = dict(US='<H', UL='<I', SL='<i')


def write_dicom(path, pixels, um_per_px=(0.25, 0.25), series='1.2.3', levels=2, left_out=()):
    """Writes ``a.dcm``, ``a_1.dcm``, ... and ``a_label.dcm`` for a path ``a.dcm``.

    Args:
        um_per_px: ``(x, y)``; None: without.
        series: What marks files of one slide.
        left_out: ``{(column, row)}`` of level 0's tiles that are not stored.
    """
    for level in range(levels):
        sides = um_per_px and tuple(side * 2**level for side in um_per_px)
        kind = 'DERIVED\\PRIMARY\\VOLUME\\RESAMPLED' if level else 'ORIGINAL\\PRIMARY\\VOLUME\\NONE'
        content = _file(halved(blanked(pixels, left_out), level), f'{series}.{level + 1}', series, sides, kind, () if level else left_out)
        path.with_name(f'{path.stem}_{level}{path.suffix}' if level else path.name).write_bytes(content)
    label = _file(np.full((TILE, TILE, 3), 128, np.uint8), f'{series}.9', series, (50, 50), 'ORIGINAL\\PRIMARY\\LABEL\\NONE', ())
    path.with_name(f'{path.stem}_label{path.suffix}').write_bytes(label)


def _file(pixels, instance, series, um_per_px, kind, left_out):
    down, across = (-(-size // TILE) for size in pixels.shape[:2])
    padded = np.pad(pixels, ((0, down * TILE - pixels.shape[0]), (0, across * TILE - pixels.shape[1]), (0, 0)), mode='edge')
    places = [(x, y) for y in range(down) for x in range(across) if (x, y) not in left_out]
    frames = [_picture(padded[y * TILE:(y + 1) * TILE, x * TILE:(x + 1) * TILE]) for x, y in places]
    spacing = [] if um_per_px is None else [(0x00280030, 'DS', f'{um_per_px[1] / 1000:.8f}\\{um_per_px[0] / 1000:.8f}')]  # rows first
    positions = [[(0x0048021A, 'SQ', [[(0x0048021E, 'SL', x * TILE + 1), (0x0048021F, 'SL', y * TILE + 1)]])] for x, y in places]
    meta = _elements([(0x00020001, 'OB', b'\0\1'), (0x00020002, 'UI', _SLIDE), (0x00020003, 'UI', instance), (0x00020010, 'UI', _JPEG),
                      (0x00020012, 'UI', '1.2.3.4')])
    data = _elements([
        (0x00080008, 'CS', kind), (0x00080016, 'UI', _SLIDE), (0x00080018, 'UI', instance), (0x0020000D, 'UI', '1.2'),
        (0x0020000E, 'UI', series), (0x00209311, 'CS', 'TILED_SPARSE' if left_out else 'TILED_FULL'), (0x00280002, 'US', 3),
        (0x00280004, 'CS', 'YBR_FULL_422'), (0x00280006, 'US', 0), (0x00280008, 'IS', str(len(frames))), (0x00280010, 'US', TILE),
        (0x00280011, 'US', TILE), (0x00280100, 'US', 8), (0x00280101, 'US', 8), (0x00280102, 'US', 7), (0x00280103, 'US', 0),
        (0x00480006, 'UL', pixels.shape[1]), (0x00480007, 'UL', pixels.shape[0]),
        (0x52009229, 'SQ', [[(0x00289110, 'SQ', [spacing])]]), *([(0x52009230, 'SQ', positions)] if left_out else [])])
    items = b''.join(struct.pack('<HHI', 0xFFFE, 0xE000, len(item)) + item for item in (b'', *frames))
    pixel_data = struct.pack('<HH2sHI', 0x7FE0, 0x0010, b'OB', 0, _UNDEFINED) + items + struct.pack('<HHI', 0xFFFE, 0xE0DD, 0)
    return bytes(128) + b'DICM' + _elements([(0x00020000, 'UL', len(meta))]) + meta + data + pixel_data


def _elements(elements):
    return b''.join(_element(*element) for element in elements)


def _element(tag, kind, value):
    if kind == 'SQ':
        made = map(_elements, value)
        content = b''.join(struct.pack('<HHI', 0xFFFE, 0xE000, len(item)) + item for item in made)
    elif kind in _NUMBERS:
        content = struct.pack(_NUMBERS[kind], value)
    else:
        content = value if isinstance(value, bytes) else value.encode()
        content += (b'\0' if kind in ('UI', 'OB') else b' ') * (len(content) % 2)
    head = struct.pack('<HH', tag >> 16, tag & 0xFFFF) + kind.encode()
    return head + (struct.pack('<HI', 0, len(content)) if kind in _LONG_LENGTH else struct.pack('<H', len(content))) + content


def _picture(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format='JPEG', quality=95, subsampling=0)
    return stream.getvalue() + bytes(len(stream.getvalue()) % 2)
