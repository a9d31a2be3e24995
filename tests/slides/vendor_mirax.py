"""Writes MIRAX slides: a ``.mrxs`` file and its folder with Slidedat.ini, Index.dat and Data0000.dat."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIDE, DIVISIONS = 64, 2  # px of an image; images along a side of a photo
PHOTO = SIDE * DIVISIONS
_ID = 'A' * 32


def mirax_size(photos, overlap):
    """``(width, height)`` px of level 0 of a slide of so many photos ``(across, down)``."""
    return tuple(count * PHOTO - (count - 1) * overlap for count in photos)


def write_mirax(path, pixels, photos, overlap=0, scanned=None, um_per_px=0.25, levels=3, compressed=False, shift=(0, 0), kind='JPEG'):
    """Writes a slide whose level 0 looks like ``pixels`` wherever a photo was taken.

    Args:
        path: ``Path`` that ends in ``.mrxs``.
        pixels: uint8 ``(h, w, 3)`` of ``mirax_size(photos, overlap)``.
        photos: ``(across, down)``.
        overlap: Px that neighbouring photos share.
        scanned: ``{(column, row), ...}`` of the photos that were taken; None: all.
        um_per_px: A number, ``(x, y)``, or text.
        levels: Zoom levels, each half of the one before.
        compressed: The photos' places as newer scanners write them.
        shift: ``(x, y)`` px that the last photo lies off its place.
        kind: Of its images: JPEG, PNG or BMP24.
    """
    folder = path.with_suffix('')
    folder.mkdir(parents=True)
    Image.fromarray(pixels).resize((64, 48)).save(path, format='JPEG')
    across, down = photos
    scanned = {(x, y) for x in range(across) for y in range(down)} if scanned is None else set(scanned)
    place = {(x, y): np.array([x, y]) * (PHOTO - overlap) + (np.array(shift) if (x, y) == (across - 1, down - 1) else 0)
             for y in range(down) for x in range(across)}
    mosaic = np.full((down * PHOTO, across * PHOTO, 3), 255, np.uint8)
    for x, y in scanned:
        left, top = place[x, y]
        mosaic[y * PHOTO:(y + 1) * PHOTO, x * PHOTO:(x + 1) * PHOTO] = pixels[top:top + PHOTO, left:left + PHOTO]
    data, pages = io.BytesIO(), []
    data.write(b'head of the file')
    for level in range(levels):
        pages.append(_images(data, mosaic, level, scanned, across, kind))
    places = b''.join(struct.pack('<bii', 0, *map(int, place[x, y])) for y in range(down) for x in range(across))
    if compressed:
        places = zlib.compress(places)
    record = data.tell(), len(places)
    data.write(places)
    (folder / 'Data0000.dat').write_bytes(data.getvalue())
    (folder / 'Index.dat').write_bytes(_index(pages, record))
    (folder / 'Slidedat.ini').write_text(_slidedat(photos, overlap, um_per_px, levels, compressed, kind), encoding='utf-8-sig')


def _images(data, mosaic, level, scanned, across, kind):
    """Writes the images of a level; ``[(number, offset, length, file), ...]``."""
    step, records = 2**level, []
    height, width = mosaic.shape[0] // step, mosaic.shape[1] // step
    small = mosaic.reshape(height, step, width, step, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    for y in range(0, mosaic.shape[0] // SIDE, step):
        for x in range(0, mosaic.shape[1] // SIDE, step):
            held = {(column // DIVISIONS, row // DIVISIONS) for column in range(x, x + step) for row in range(y, y + step)}
            if not held & scanned:
                continue
            image = np.full((SIDE, SIDE, 3), 255, np.uint8)
            part = small[y * SIDE // step:y * SIDE // step + SIDE, x * SIDE // step:x * SIDE // step + SIDE]
            image[:part.shape[0], :part.shape[1]] = part
            start = data.tell()
            data.write(_encoded(image, kind))
            records.append((y * across * DIVISIONS + x, start, data.tell() - start, 0))
    return records


def _encoded(image, kind):
    stream = io.BytesIO()
    options = dict(quality=95, subsampling=0) if kind == 'JPEG' else {}
    Image.fromarray(image).save(stream, format=kind.removesuffix('24'), **options)
    return stream.getvalue()


def _index(pages, record):
    head = b'01.02' + _ID.encode()
    tables = len(head) + 8
    hier, nonhier = tables, tables + 4 * len(pages)
    body, place = b'', nonhier + 4
    starts = []
    for page in pages:
        starts.append(place)
        body += struct.pack('<iiii', 0, place + 8, len(page), 0) + b''.join(struct.pack('<iiii', *each) for each in page)
        place = nonhier + 4 + len(body)
    starts.append(place)
    body += struct.pack('<ii', 0, place + 8) + struct.pack('<iiiiiii', 1, 0, 0, 0, *record, 0)
    return head + struct.pack('<ii', hier, nonhier) + struct.pack(f'<{len(starts)}i', *starts) + body


def _slidedat(photos, overlap, um_per_px, levels, compressed, kind):
    names = [f'LAYER_0_LEVEL_{level}_SECTION' for level in range(levels)]
    groups = {
        'GENERAL': dict(SLIDE_VERSION='01.02', SLIDE_ID=_ID, IMAGENUMBER_X=photos[0] * DIVISIONS, IMAGENUMBER_Y=photos[1] * DIVISIONS,
                        OBJECTIVE_MAGNIFICATION=40, CameraImageDivisionsPerSide=DIVISIONS),
        'HIERARCHICAL': dict(HIER_COUNT=1, NONHIER_COUNT=1, INDEXFILE='Index.dat', HIER_0_NAME='Slide zoom level', HIER_0_COUNT=levels,
                             **{f'HIER_0_VAL_{level}_SECTION': name for level, name in enumerate(names)},
                             NONHIER_0_NAME='StitchingIntensityLayer' if compressed else 'VIMSLIDE_POSITION_BUFFER', NONHIER_0_COUNT=1,
                             NONHIER_0_VAL_0='default', NONHIER_0_VAL_0_SECTION='NONHIERLAYER_0_SECTION'),
        'DATAFILE': dict(FILE_COUNT=1, FILE_0='Data0000.dat')}
    for level, name in enumerate(names):
        sides = um_per_px if isinstance(um_per_px, tuple) else (um_per_px, um_per_px)
        sides = [side if isinstance(side, str) else side * 2**level for side in sides]
        groups[name] = dict(OVERLAP_X=overlap / 2**level, OVERLAP_Y=overlap / 2**level, MICROMETER_PER_PIXEL_X=sides[0],
                            MICROMETER_PER_PIXEL_Y=sides[1], IMAGE_FORMAT=kind, IMAGE_FILL_COLOR_BGR=0xF0F0F0, DIGITIZER_WIDTH=SIDE,
                            DIGITIZER_HEIGHT=SIDE, IMAGE_CONCAT_FACTOR=int(level > 0))
    return '\n'.join(line for name, keys in groups.items() for line in (f'[{name}]', *(f'{key} = {value}' for key, value in keys.items())))
