import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.images import read_header
from mitos_mmdet.core.pixel_size import of_ome

RGB = np.zeros((20, 30, 3), np.uint8)


def ome(x, y, unit_x=None, unit_y=None):
    units = ''.join(f' PhysicalSize{axis}Unit="{unit}"' for axis, unit in (('X', unit_x), ('Y', unit_y)) if unit)
    return (f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels PhysicalSizeX="{x}" '
            f'PhysicalSizeY="{y}"{units}/></Image></OME>')


@pytest.mark.parametrize('text, expected', [
    (ome(0.25, 0.5), (0.25, 0.5)),  # OME's default unit
    (ome(250, 250, 'nm', 'nm'), (0.25, 0.25)),
    (ome(0.00025, 0.25, 'mm', '\u00b5m'), (0.25, 0.25)),
    (ome(0.25, 0.25, '\u03bcm', '\u03bcm'), (0.25, 0.25)),  # the Greek letter instead of the micro sign
    (ome('0,25', '0,5'), (0.25, 0.5)),
    (ome(1, 1, 'pixel', 'pixel'), None), (ome('1,000.5', 1), None),
    (ome('?', 1), None), (ome(0, 0), None), ('<OME>', None), ('<OME/>', None),
    ('<!DOCTYPE x [<!ENTITY a "aaaa">]><OME>&a;</OME>', None),
])
def test_ome(text, expected):
    assert of_ome(text) == (expected and pytest.approx(expected))


def test_ome_wins_over_the_resolution_tags(tmp_path):
    tifffile.imwrite(tmp_path / 'a.ome.tif', RGB, photometric='rgb', ome=True, resolution=(10000, 10000), resolutionunit='CENTIMETER',
                     metadata=dict(axes='YXS', PhysicalSizeX=0.25, PhysicalSizeY=0.26))
    assert read_header(tmp_path / 'a.ome.tif') == (30, 20, (0.25, 0.26))


@pytest.mark.parametrize('unit, per_unit, expected', [
    ('um', 4, 0.25), ('micron', 4, 0.25), ('\\u00B5m', 4, 0.25), ('mm', 4000, 0.25), ('inch', 101600, 0.25), ('pixel', 4, None),
])
def test_imagej(tmp_path, unit, per_unit, expected):
    tifffile.imwrite(tmp_path / 'a.tif', RGB, imagej=True, resolution=(per_unit, per_unit), metadata=dict(unit=unit))
    assert read_header(tmp_path / 'a.tif')[2] == (expected and pytest.approx((expected, expected)))


@pytest.mark.parametrize('stated', ['0.2525', '0,2525', '.2525', '2.525e-1'])
def test_aperios_description(tmp_path, stated):
    description = f'Aperio Image|AppMag = 40|MPP = {stated}|Left = 1'
    tifffile.imwrite(tmp_path / 'a.tif', RGB, photometric='rgb', metadata=None, description=description)
    assert read_header(tmp_path / 'a.tif')[2] == (0.2525, 0.2525)


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'tif', 'bmp', 'webp'])
@pytest.mark.parametrize('um_per_px', [(0.25, 0.25), (0.2273, 0.2275), (0.46, 0.46), (0.11, 0.11)])
def test_what_is_written_is_read(tmp_path, suffix, um_per_px):
    path = tmp_path / f'a.{suffix}'
    for _ in range(3):  # read and written again and again, it does not drift
        write_image(path, RGB, um_per_px)
        found = read_header(path)
        assert found == (30, 20, pytest.approx(um_per_px, rel=2e-5))
        um_per_px = found[2]


def test_a_photographs_72_dpi_is_no_pixel_size(tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'a.jpg', dpi=(72, 72))
    assert read_header(tmp_path / 'a.jpg')[2] is None
