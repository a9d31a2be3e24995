"""Writes Hamamatsu's files: NDPI, a TIFF with 64-bit offsets of its own and one JPEG per level, and VMS, a list and JPEGs beside it."""

import io
import struct

from PIL import Image
from vendor_tiff import halved

_SHORT, _LONG, _RATIONAL, _FLOAT, _SIGNED, _ASCII = 3, 4, 5, 11, 9, 2
_RESTART = 8  # blocks of 8 px between restart markers, which are what NDPI is read by


def write_ndpi(path, pixels, um_per_px=0.25, power=40, levels=3):
    """Writes a slide whose sides are multiples of 64 px times ``2**(levels - 1)``; ``um_per_px`` None: without."""
    content, starts = bytearray(b'II*\0' + bytes(8)), [4]
    for level in range(levels):
        part = halved(pixels, level)
        picture = _jpeg(part)
        place = len(content)
        content += picture
        make = len(content)
        content += b'Hamamatsu\0'
        density = len(content)
        if um_per_px is not None:
            content += struct.pack('<II', round(1e8 / (um_per_px * 2**level)), 10_000)
        tags = [(256, _LONG, 1, part.shape[1]), (257, _LONG, 1, part.shape[0]), (259, _SHORT, 1, 7), (262, _SHORT, 1, 6),
                (271, _ASCII, 10, make), (273, _LONG, 1, place), (277, _SHORT, 1, 3), (278, _LONG, 1, part.shape[0]),
                (279, _LONG, 1, len(picture)),
                *([(282, _RATIONAL, 1, density), (283, _RATIONAL, 1, density), (296, _SHORT, 1, 3)] if um_per_px is not None else []),
                (65420, _LONG, 1, 1), (65421, _FLOAT, 1, struct.unpack('<I', struct.pack('<f', power / 2**level))[0]),
                (65424, _SIGNED, 1, 0)]
        struct.pack_into('<Q', content, starts[-1], len(content))
        content += struct.pack('<H', len(tags)) + b''.join(struct.pack('<HHII', *tag) for tag in tags)
        starts.append(len(content))
        content += bytes(8 + 4 * len(tags))  # the next page, and the upper halves of the offsets
    path.write_bytes(content)


def write_vms(path, pixels, um_per_px=0.25, columns=2):
    """Writes a slide whose pixels lie in ``columns`` JPEGs, and a map of it at a quarter of the resolution."""
    height, width = pixels.shape[0], pixels.shape[1] // columns
    names = [f'{path.stem}({column},0).jpg' if column else f'{path.stem}.jpg' for column in range(columns)]
    for column, name in enumerate(names):
        path.with_name(name).write_bytes(_jpeg(pixels[:, column * width:(column + 1) * width]))
    for name, part in ((f'{path.stem}_map.jpg', halved(pixels, 2)), (f'{path.stem}_macro.jpg', halved(pixels, 3))):
        path.with_name(name).write_bytes(_jpeg(part))
    files = ''.join(f'ImageFile{f"({column},0)" if column else ""}={name}\n' for column, name in enumerate(names))
    path.write_text(f'[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns={columns}\nNoJpegRows=1\n{files}'
                    f'MapFile={path.stem}_map.jpg\nMacroImage={path.stem}_macro.jpg\n'
                    f'PhysicalWidth={round(pixels.shape[1] * um_per_px * 1000)}\n'
                    f'PhysicalHeight={round(height * um_per_px * 1000)}\nSourceLens=40\n')


def _jpeg(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format='JPEG', quality=95, subsampling=0, restart_marker_blocks=_RESTART)
    return stream.getvalue()
