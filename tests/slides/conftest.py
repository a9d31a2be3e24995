"""Small slides that the tests write themselves: the fixture ``made`` has ``picture``, ``pyramid``, ``ome`` and the colours."""

from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw, ImageFilter

PINK, VIOLET, GLASS = (225, 150, 190), (110, 70, 150), (243, 242, 244)


def tissue_picture(width, height, spots=(), margin=0.15, radius=4):
    """uint8 ``(height, width, 3)``: pink tissue with a glass margin; dark spots at ``(x, y)`` px."""
    image = Image.new('RGB', (width, height), GLASS)
    draw = ImageDraw.Draw(image)
    draw.rectangle([int(width * margin), int(height * margin), int(width * (1 - margin)), int(height * (1 - margin))], fill=PINK)
    for x, y in spots:
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=VIOLET)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1)))


def shrunk(pixels, side):
    """Means of whole ``side`` x ``side`` px, as scanners and libvips make levels; what is left over at the border is dropped."""
    height, width = (size // side for size in pixels.shape[:2])
    return pixels[:height * side, :width * side].reshape(height, side, width, side, 3).mean(axis=(1, 3)).round().astype(np.uint8)


def write_pyramid(path, pixels, um_per_px=0.25, levels=3, tile=64, compression='zlib'):
    """A pyramidal tiled TIFF; ``um_per_px`` None: without."""
    density = {} if um_per_px is None else dict(resolution=(1e4 / um_per_px, ) * 2, resolutionunit='CENTIMETER')
    with tifffile.TiffWriter(path) as file:
        for level in range(levels):
            side = 2 ** level
            small = shrunk(pixels, side)
            scaled = {key: tuple(value / side for value in given) if key == 'resolution' else given for key, given in density.items()}
            file.write(small, photometric='rgb', tile=(tile, tile), compression=compression, subfiletype=int(level > 0),
                       metadata=None, **scaled)


def write_ome(path, pixels, um_per_px=0.25, levels=2):
    """An OME-TIFF with its levels as SubIFDs."""
    sizes = {} if um_per_px is None else dict(PhysicalSizeX=um_per_px, PhysicalSizeY=um_per_px)
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(pixels, photometric='rgb', tile=(64, 64), subifds=levels - 1, metadata=dict(axes='YXS', **sizes))
        for level in range(1, levels):
            side = 2 ** level
            small = shrunk(pixels, side)
            file.write(small, photometric='rgb', tile=(64, 64), subfiletype=1)


@pytest.fixture(scope='session')
def made():
    return SimpleNamespace(picture=tissue_picture, pyramid=write_pyramid, ome=write_ome, PINK=PINK, VIOLET=VIOLET, GLASS=GLASS)
