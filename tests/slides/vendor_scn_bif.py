"""Writes Leica SCN and Ventana BIF files that OpenSlide takes for theirs."""

from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile
from vendor_tiff import TILE, halved, tiled


def write_scn(path, pixels, regions, um_per_px=0.25, levels=2, objectives=(), lights=(), macro=True, tag_um_per_px='same'):
    """Leica SCN: a collection as large as ``pixels``, of which only ``regions`` ``[(x, y, width, height)]`` px were scanned.

    Args:
        objectives, lights: Of each region; what is missing is 40 and brightfield.
        tag_um_per_px: Of the resolution tags; None: without.
    """
    nm = round(um_per_px * 1000)
    size = [side * nm for side in pixels.shape[1::-1]]
    parts = [(0, 0, *pixels.shape[1::-1])] * macro + list(regions)
    images, page = '', 0
    for index, (x, y, width, height) in enumerate(parts):
        place = index - macro
        sizes = [(width // 8, height // 8)] if place < 0 else [(width >> level, height >> level) for level in range(levels)]
        dimensions = ''.join(f'<dimension sizeX="{w}" sizeY="{h}" r="{r}" ifd="{page + r}" />' for r, (w, h) in enumerate(sizes))
        page += len(sizes)
        objective = '0.6' if place < 0 else dict(enumerate(objectives)).get(place, 40)
        light = dict(enumerate(lights)).get(place, 'brightfield')
        images += (f'<image><creationDate>2020-01-01</creationDate><device model="Leica SCN400" version="1" />'
                   f'<pixels sizeX="{sizes[0][0]}" sizeY="{sizes[0][1]}">{dimensions}</pixels>'
                   f'<view sizeX="{width * nm}" sizeY="{height * nm}" offsetX="{x * nm}" offsetY="{y * nm}" spacingZ="0" />'
                   f'<scanSettings><objectiveSettings><objective>{objective}</objective></objectiveSettings><illuminationSettings>'
                   f'<numericalAperture>0.65</numericalAperture><illuminationSource>{light}</illuminationSource>'
                   f'</illuminationSettings></scanSettings></image>')
    xml = (f'<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection name="a" sizeX="{size[0]}" '
           f'sizeY="{size[1]}"><barcode>MTIz</barcode>{images}</collection></scn>')
    tag = um_per_px if tag_um_per_px == 'same' else tag_um_per_px
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for index, (x, y, width, height) in enumerate(parts):
            part = pixels[y:y + height, x:x + width]
            steps = [3] if index < macro else range(levels)
            for step in steps:
                tiled(file, halved(part, step), xml if index == 0 and step == steps[0] else None, um_per_px=tag and tag * 2**step)


def write_bif(path, pixels, areas, overlap=(8, 6), um_per_px='0.25', levels=3, level_names=None, directions=('RIGHT', 'UP')):
    """Ventana BIF: areas ``[(column, row, across, down)]`` of overlapping tiles, placed where ``pixels`` has them.

    Each area's tiles lie ``(TILE - overlap)`` px apart; column and row are those of the file's mosaic and, times this, its place.
    """
    step = np.array([TILE, TILE]) - overlap
    across, down = (max(area[axis] + area[axis + 2] for area in areas) for axis in (0, 1))
    mosaic = np.full((down * TILE, across * TILE, 3), 255, np.uint8)
    bottom = max((row + high - 1) * step[1] + TILE for _, row, _, high in areas)
    infos = origins = ''
    for index, (column, row, wide, high) in enumerate(areas):
        for y in range(row, row + high):
            for x in range(column, column + wide):
                left, top = x * step[0], y * step[1]
                mosaic[y * TILE:(y + 1) * TILE, x * TILE:(x + 1) * TILE] = pixels[top:top + TILE, left:left + TILE]
        pos = column * step[0], bottom - (row * step[1] + (high - 1) * step[1] + TILE)
        infos += (f'<ImageInfo AOIScanned="1" AOIIndex="{index}" NumRows="{high}" NumCols="{wide}" Width="{TILE}" Height="{TILE}" '
                  f'Pos-X="{pos[0]}" Pos-Y="{pos[1]}">{"".join(_joints(wide, high, overlap, directions))}</ImageInfo>')
        origins += f'<AOI{index} OriginX="{column * TILE}" OriginY="{row * TILE}" />'
    about = ''.join(f' {name}={quoteattr(str(value))}' for name, value in dict(
        Magnification=40, ScanRes=um_per_px, UnitNumber='1', **{'Z-layers': 1}).items() if value is not None)
    encode = f'<EncodeInfo Ver="2"><SlideStitchInfo>{infos}</SlideStitchInfo><AoiOrigin>{origins}</AoiOrigin></EncodeInfo>'
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        tiled(file, halved(mosaic, 2), 'Label Image', extratags=[_xmp(f'<iScan{about} />')])
        for level in range(levels):
            name = level if level_names is None else level_names[level]
            tags = [_xmp(encode)] if level == 0 else []
            tiled(file, halved(mosaic, level), f'level={name} mag={40 / 2**level:g} quality=95', extratags=tags)


def _joints(wide, high, overlap, directions):
    """How neighbours overlap. Tiles are numbered from the lowest row upwards, to and fro."""
    def number(column, row):
        from_below = high - 1 - row
        return from_below * wide + (wide - 1 - column if from_below % 2 else column) + 1

    for row in range(high):
        for column in range(wide):
            for right, up, direction, x, y in ((1, 0, directions[0], overlap[0], 0), (0, -1, directions[1], 0, overlap[1])):
                if column + right < wide and row + up >= 0:
                    yield (f'<TileJointInfo FlagJoined="1" Confidence="100" Direction="{direction}" Tile1="{number(column, row)}" '
                           f'Tile2="{number(column + right, row + up)}" OverlapX="{x}" OverlapY="{y}" />')


def _xmp(text):
    return 700, 1, len(text.encode()), text.encode(), True
