import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.preparation import frame_pixels
from mitos_mmdet.preparation.frame_pixels import FramePixels

RGB = np.random.default_rng(0).integers(0, 256, (90, 110, 3), dtype=np.uint8)


@pytest.mark.parametrize('name, options', [('a.tif', dict(tile=(32, 32), compression='lzw')), ('b.tif', dict(rowsperstrip=7)),
                                           ('a.png', {})])
def test_by_region_gives_what_the_whole_gives(tmp_path, monkeypatch, name, options):
    path = tmp_path / name
    if name.endswith('.tif'):
        tifffile.imwrite(path, RGB, photometric='rgb', **options)
    else:
        Image.fromarray(RGB).save(path)
    with FramePixels(path) as whole:
        sample, everything = whole.sample(500), whole.sample(10**6)
    monkeypatch.setattr(frame_pixels, 'WHOLE_PX', 1000)
    monkeypatch.setattr(frame_pixels, '_BAND_PX', 2000)
    with FramePixels(path) as frame:
        for xyxy in ((0, 0, 110, 90), (100, 80, 140, 120), (31, 33, 64, 65)):
            x1, y1, x2, y2 = xyxy
            np.testing.assert_array_equal(frame.crop(xyxy), RGB[y1:y2, x1:x2])
        np.testing.assert_array_equal(frame.sample(500), sample)
    np.testing.assert_array_equal(everything[0], RGB.reshape(-1, 3))


def test_a_large_frame_is_not_held_whole(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / 'a.tif', RGB, photometric='rgb', rowsperstrip=5)
    monkeypatch.setattr(frame_pixels, 'WHOLE_PX', 1000)
    monkeypatch.setattr(frame_pixels, 'read_rgb', lambda path: pytest.fail('read whole'))
    with FramePixels(tmp_path / 'a.tif') as frame:
        assert frame.crop((5, 5, 20, 20)).shape == (15, 15, 3)
