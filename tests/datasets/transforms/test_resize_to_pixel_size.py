"""``ResizeToPixelSize``: image and boxes at the network's um/px, the original's coordinates kept."""

import warnings

import numpy as np
import pytest
from mmcv.transforms import Compose
from PIL import Image

pytestmark = pytest.mark.usefixtures('mmdet_scope')


def run(um_per_px, size=(200, 100), target=0.25, box=(40, 20, 80, 60), **info):
    """Results of a frame of ``size`` (width, height) with one box."""
    from mmdet.structures.bbox import HorizontalBoxes

    import mitos_mmdet.register  # noqa: F401

    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[box[1]:box[3], box[0]:box[2]] = 255
    results = dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2],
                   gt_bboxes=HorizontalBoxes(np.array([box], np.float32)), **info)
    if um_per_px != 'absent':
        results['um_per_px'] = um_per_px
    return Compose([dict(type='ResizeToPixelSize', um_per_px=target)])(results)


@pytest.mark.parametrize(('um_per_px', 'size'), [
    ((0.5, 0.5), (400, 200)),
    ((0.125, 0.125), (100, 50)),
    ((0.2, 0.4), (160, 160)),  # not square
    ((0.2456, 0.2541), (200, 100)),  # near enough: not touched
])
def test_image_and_boxes_are_scaled_alike(um_per_px, size):
    results = run(um_per_px)
    assert results['img'].shape[1::-1] == size and results['img_shape'] == size[::-1] and results['ori_shape'] == (100, 200)
    assert results['um_per_px'] == um_per_px  # the original's, as metric and centroids mean it
    factor = np.array(results['scale_factor'])
    assert np.allclose(factor, np.array(size) / (200, 100))
    box = results['gt_bboxes'].numpy()[0]
    assert np.allclose(box, np.array([40, 20, 80, 60]) * np.tile(factor, 2))
    rows, columns = np.nonzero(results['img'][..., 0] > 127)
    assert np.allclose([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], box, atol=0.6)


def test_it_keeps_no_scale_for_the_next_image():
    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.datasets.transforms.resize_to_pixel_size import ResizeToPixelSize

    step = ResizeToPixelSize(0.25)
    for um, width in ((0.5, 400), (0.25, 200), (0.125, 100)):
        image = np.zeros((100, 200, 3), np.uint8)
        assert step(dict(img=image, img_shape=(100, 200), um_per_px=(um, um)))['img'].shape[1] == width


def test_without_um_per_px(tmp_path):
    with pytest.raises(ValueError, match='frame.png: has no um_per_px in the annotation file'):
        run(None, img_path='frame.png')
    # mmdet's inferencer brings none: the file's own counts, else the image stays as it is, with a warning.
    Image.new('RGB', (200, 100)).save(tmp_path / 'a.tif', resolution_unit=3, x_resolution=20000, y_resolution=20000)
    assert run('absent', img_path=str(tmp_path / 'a.tif'))['img'].shape[1] == 400
    Image.new('RGB', (200, 100)).save(tmp_path / 'a.png')
    with pytest.warns(UserWarning, match='a.png: its um/px is not known'):
        assert run('absent', img_path=str(tmp_path / 'a.png'))['img'].shape[1] == 200
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert run('absent', broken='a.png: damaged')['img'].shape[1] == 200


@pytest.mark.parametrize('um_per_px', [0, -1, None, '0.25um', float('inf')])
def test_a_size_that_is_none(um_per_px):
    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.datasets.transforms.resize_to_pixel_size import ResizeToPixelSize

    with pytest.raises(ValueError, match='of ResizeToPixelSize: give a number above zero'):
        ResizeToPixelSize(um_per_px)
