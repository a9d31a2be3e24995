"""Writes Philips, Trestle and SVS files that OpenSlide takes for those of the scanners' makers."""

import functools
import io

import numpy as np
import tifffile
from PIL import Image

TILE = 64
_JPEG = dict(compression='jpeg', photometric='ycbcr', subsampling=(1, 1))


def halved(pixels, times=1):
    """Means of ``2**times`` x ``2**times`` px; what is left over at the border is dropped."""
    side = 2**times
    height, width = (size // side for size in pixels.shape[:2])
    return pixels[:height * side, :width * side].reshape(height, side, width, side, 3).mean(axis=(1, 3)).round().astype(np.uint8)


def blanked(pixels, left_out):
    """A copy with the tiles ``left_out`` ``{(column, row)}`` white."""
    pixels = pixels.copy()
    for x, y in left_out:
        pixels[y * TILE:(y + 1) * TILE, x * TILE:(x + 1) * TILE] = 255
    return pixels


def _jpeg(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format='JPEG', quality=95, subsampling=0)
    return stream.getvalue()


def tiled(file, pixels, description=None, left_out=(), um_per_px=None, encode=_jpeg, **tags):
    """One page; ``left_out`` ``{(column, row)}`` of tiles that are not stored."""
    down, across = (-(-size // TILE) for size in pixels.shape[:2])
    padded = np.pad(pixels, ((0, down * TILE - pixels.shape[0]), (0, across * TILE - pixels.shape[1]), (0, 0)), mode='edge')
    tiles = (b'' if (x, y) in left_out else encode(padded[y * TILE:(y + 1) * TILE, x * TILE:(x + 1) * TILE])
             for y in range(down) for x in range(across))
    density = {} if um_per_px is None else dict(resolution=(1e4 / um_per_px, ) * 2, resolutionunit='CENTIMETER')
    file.write(tiles, shape=pixels.shape, dtype=np.uint8, tile=(TILE, TILE), description=description, metadata=None,
               **{'software': False, **_JPEG, **density, **tags})


def write_philips(path, pixels, um_per_px=0.25, levels=3, left_out=(), wsi=1):
    """Philips TIFF; its pages are padded to whole tiles, and the tiles ``left_out`` of level 0 (and below) are not stored.

    Args:
        um_per_px: A number, ``(x, y)``, or text.
        wsi: How many slides its description lists.
    """
    def attribute(name, value):
        return f'<Attribute Name="{name}" Group="0x0028" Element="0x0030" PMSVR="IStringArray">{value}</Attribute>'

    def spacing(level):  # of rows (y), then of columns
        x, y = um_per_px if isinstance(um_per_px, tuple) else (um_per_px, um_per_px)
        sides = [side if isinstance(side, str) else f'{side * 2**level / 1000:.6f}' for side in (y, x)]
        return attribute('DICOM_PIXEL_SPACING', f'&quot;{sides[0]}&quot; &quot;{sides[1]}&quot;')

    representations = ''.join(f'<DataObject ObjectType="PixelDataRepresentation">{spacing(level)}</DataObject>' for level in range(levels))
    image = (f'<DataObject ObjectType="DPScannedImage">{attribute("PIM_DP_IMAGE_TYPE", "WSI")}{spacing(0)}'
             f'<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>{representations}</Array></Attribute></DataObject>')
    xml = (f'<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>'
           f'{image * wsi}</Array></Attribute></DataObject>')
    pixels = blanked(pixels, left_out)
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level in range(levels):
            part = halved(pixels, level)
            high, wide = (-(-size // TILE) * TILE for size in part.shape[:2])
            part = np.pad(part, ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0)), mode='edge')
            absent = {(x, y) for x in range(wide // TILE) for y in range(high // TILE)
                      if all((x * 2**level + i, y * 2**level + j) in left_out for i in range(2**level) for j in range(2**level))}
            tiled(file, part, xml if level == 0 else None, absent, software='Philips DP v1.0', subfiletype=int(level > 0))


def write_trestle(path, pixels, um_per_px=0.25, overlap=8, tiles=(4, 3)):
    """Trestle TIFF: overlapping tiles, and the resolution tags hold um/px itself."""
    step = TILE - overlap
    mosaic = np.concatenate([np.concatenate([pixels[y * step:y * step + TILE, x * step:x * step + TILE] for x in range(tiles[0])], axis=1)
                             for y in range(tiles[1])])
    with tifffile.TiffWriter(path) as file:
        tiled(file, mosaic, f'Background Color=FFFFFF;Objective Power=40;OverlapsXY= {overlap} {overlap};', software='MedScan',
               resolution=(um_per_px, um_per_px), resolutionunit='NONE')


def write_svs(path, pixels, um_per_px=0.25, power=40, jpeg2000=None, levels=2):
    """Aperio SVS; ``um_per_px`` and ``power`` as they stand in its description, None: without. A thumbnail is its second page.

    Args:
        jpeg2000: 33003 or 33005 instead of JPEG: its two kinds of JPEG 2000, of YCbCr and of RGB.
    """
    said = ''.join(f'|{name} = {value}' for name, value in (('AppMag', power), ('MPP', um_per_px)) if value is not None)
    about = f'Aperio Image Library v11.2.1\r\n{pixels.shape[1]}x{pixels.shape[0]} ({TILE}x{TILE}) JPEG/RGB Q=70{said}'
    kind = {} if jpeg2000 is None else dict(compression=jpeg2000, photometric='ycbcr' if jpeg2000 == 33003 else 'rgb', subsampling=None,
                                            encode=functools.partial(_jpeg2000, ycbcr=jpeg2000 == 33003))
    with tifffile.TiffWriter(path) as file:
        tiled(file, pixels, about, **kind)
        file.write(halved(pixels, 3), photometric='rgb', metadata=None, software=False, description='Aperio Image Library v11.2.1')
        for level in range(1, levels):
            tiled(file, halved(pixels, 2 * level), about, **kind)


def _jpeg2000(pixels, ycbcr):
    """A bare codestream, as SVS holds it; YCbCr is stored as three plain components."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    Image.fromarray(np.asarray(image.convert('YCbCr') if ycbcr else image)).save(stream, format='JPEG2000', no_jp2=True, mct=0)
    return stream.getvalue()
