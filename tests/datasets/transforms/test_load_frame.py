import numpy as np
import pytest
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.images import BrokenImageError
from mitos_mmdet.datasets.transforms.load_frame import LoadFrame


def test_a_frame_is_bgr_with_its_shapes(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    results = LoadFrame()(dict(img_path=str(tmp_path / 'a.png'), img_id=3))
    np.testing.assert_array_equal(results['img'], pixels[..., ::-1])
    assert results['img'].flags.c_contiguous and results['img'].dtype == np.uint8
    assert results['img_shape'] == results['ori_shape'] == (20, 30) and results['img_id'] == 3


def test_a_damaged_frame_raises_instead_of_coming_back_grey(tmp_path):
    path = tmp_path / 'a.jpg'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(BrokenImageError, match=r'a\.jpg'):
        LoadFrame()(dict(img_path=str(path)))


def test_a_frame_known_to_be_broken_is_blank_and_not_opened():
    results = LoadFrame()(dict(img_path='/nowhere/a.png', broken='a.png: truncated'))
    assert results['img'].shape == (64, 64, 3) and (results['img'] == 255).all()
    assert results['img_shape'] == results['ori_shape'] == (64, 64) and results['broken'] == 'a.png: truncated'
