import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmcv.transforms.utils import cache_random_params
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks, PolygonMasks

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.datasets.transforms.random_rotate90 import RandomRotate90

pytestmark = pytest.mark.usefixtures('mmdet_scope')
HEIGHT, WIDTH = 30, 40
# In the middle; in the corner; a strip along the right border.
BOXES = [[10, 4, 17, 13], [0, 0, 5, 3], [38, 2, 40, 30]]
CENTROIDS = [[13.5, 8.5], [2.5, 1.25], [39, 16]]


@pytest.fixture
def results():
    """An image without two equal pixels, boxes, both kinds of masks in turn, a map of classes, centroids."""
    image = np.arange(HEIGHT * WIDTH * 3, dtype=np.int32).reshape(HEIGHT, WIDTH, 3)
    return dict(img=image, img_shape=(HEIGHT, WIDTH), ori_shape=(HEIGHT, WIDTH), gt_bboxes=HorizontalBoxes(torch.tensor(BOXES).float()),
                gt_masks=BitmapMasks(bitmaps(), HEIGHT, WIDTH), gt_seg_map=image[..., 0].copy(),
                instances=[dict(centroid=centroid, bbox_label=0) for centroid in CENTROIDS])


def bitmaps():
    masks = np.zeros((len(BOXES), HEIGHT, WIDTH), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, BOXES, strict=True):
        mask[y1:y2, x1:x2] = 1
    return masks


def polygons():
    return PolygonMasks([[np.array([x1, y1, x2, y1, x2, y2, x1, y2], float)] for x1, y1, x2, y2 in BOXES], HEIGHT, WIDTH)


def crop(image, box):
    x1, y1, x2, y2 = (int(value) for value in box)
    return image[y1:y2, x1:x2]


@pytest.mark.parametrize('angle, shape', [
    (0, (30, 40)), (90, (40, 30)), (180, (30, 40)), (270, (40, 30)),
    (-90, (40, 30)), (450, (40, 30)),  # the same as 270 and 90
])
def test_pixels_and_labels_turn_together(results, angle, shape):
    image, turned = results['img'].copy(), RandomRotate90(angles=(angle, ))(results)
    assert turned['img_shape'] == turned['img'].shape[:2] == shape
    assert turned['img'].flags.c_contiguous
    np.testing.assert_array_equal(turned['img'], np.rot90(image, angle // 90 % 4))
    np.testing.assert_array_equal(turned['gt_seg_map'], turned['img'][..., 0])
    for index, box in enumerate(turned['gt_bboxes'].tensor):
        # The same pixels lie under box and mask as before, and no others.
        before = crop(image, BOXES[index])
        assert np.array_equal(np.rot90(before, angle // 90 % 4), crop(turned['img'], box))
        mask = turned['gt_masks'].masks[index].astype(bool)
        assert set(turned['img'][mask][:, 0]) == set(before[..., 0].ravel())
        assert turned['gt_masks'].masks.shape[1:] == (turned['gt_masks'].height, turned['gt_masks'].width) == shape
        # Each centroid is still the centre of its box.
        x1, y1, x2, y2 = box.tolist()
        if index != 1:
            assert turned['instances'][index]['centroid'] == [(x1 + x2) / 2, (y1 + y2) / 2]


def test_a_turn_is_counterclockwise(results):
    turned = RandomRotate90(angles=(90, ))(results)
    assert turned['gt_bboxes'].tensor.tolist() == [[4, 23, 13, 30], [0, 35, 3, 40], [2, 0, 30, 2]]
    assert turned['instances'][1]['centroid'] == [1.25, 37.5]


@pytest.mark.parametrize('masks', [polygons, lambda: BitmapMasks(bitmaps(), HEIGHT, WIDTH)])
def test_four_turns_change_nothing(results, masks):
    results['gt_masks'] = masks()
    image, turned = results['img'].copy(), results
    for _ in range(4):
        turned = RandomRotate90(angles=(90, ))(turned)
    np.testing.assert_array_equal(turned['img'], image)
    assert turned['gt_bboxes'].tensor.tolist() == BOXES
    assert [instance['centroid'] for instance in turned['instances']] == CENTROIDS
    np.testing.assert_array_equal(turned['gt_masks'].to_ndarray(), masks().to_ndarray())
    np.testing.assert_array_equal(turned['homography_matrix'], np.eye(3))


@pytest.mark.parametrize('angle', [90, 180, 270])
def test_polygons_turn_as_bitmaps_do(results, angle):
    by_bitmap = RandomRotate90(angles=(angle, ))(dict(results, gt_bboxes=results['gt_bboxes'].clone()))['gt_masks']
    by_polygon = RandomRotate90(angles=(angle, ))(dict(results, gt_masks=polygons()))['gt_masks']
    assert (by_polygon.height, by_polygon.width) == (by_bitmap.height, by_bitmap.width)
    boxes = by_polygon.get_bboxes('hbox').tensor
    # Bitmaps' boxes name their last pixel's far side as polygons do.
    assert boxes.tolist() == by_bitmap.get_bboxes('hbox').tensor.tolist()


def test_the_dataset_keeps_its_own_instances(results):
    own = results['instances']
    RandomRotate90(angles=(90, ))(results)
    assert [instance['centroid'] for instance in own] == CENTROIDS


def test_every_angle_comes_and_one_choice_can_be_shared(results):
    np.random.seed(0)
    transform = RandomRotate90()
    corners = [int(transform(dict(img=results['img']))['img'][0, 0, 0]) for _ in range(400)]
    counts = [corners.count(corner) for corner in set(corners)]
    assert len(counts) == 4 and min(counts) > 70  # 100 expected, standard deviation 8.7
    with cache_random_params(transform):
        assert len({int(transform(dict(img=results['img']))['img'][0, 0, 0]) for _ in range(20)}) == 1


def test_no_objects_and_no_labels(results):
    masks = BitmapMasks(np.zeros((0, HEIGHT, WIDTH), np.uint8), HEIGHT, WIDTH)
    results.update(gt_bboxes=HorizontalBoxes(torch.zeros(0, 4)), gt_masks=masks, instances=[])
    turned = RandomRotate90(angles=(90, ))(results)
    assert turned['gt_bboxes'].tensor.shape == (0, 4) and turned['gt_masks'].masks.shape == (0, WIDTH, HEIGHT)
    assert set(RandomRotate90(angles=(90, ))(dict(img=results['img']))) == {'img', 'img_shape', 'homography_matrix'}


def test_goes_on_in_mmdets_pipeline(results):
    # A resize before: its factors, width first, belong to the other sides now. One behind finds the new sides.
    pipeline = Compose([dict(type='Resize', scale=(80, 30), keep_ratio=False), dict(type='RandomRotate90', angles=(90, )),
                        dict(type='PackDetInputs', meta_keys=('scale_factor', 'img_shape', 'homography_matrix'))])
    results['img'] = results['img'].astype(np.uint8)
    packed = pipeline(results)
    sample = packed['data_samples']
    assert packed['inputs'].shape == (3, 80, 30) and sample.img_shape == (80, 30) and sample.scale_factor == (1.0, 2.0)
    assert sample.gt_instances.bboxes.tensor.tolist()[0] == [4, 46, 13, 60]
    # The matrix leads from the first image to the last.
    assert (sample.homography_matrix @ [10, 4, 1]).tolist() == [4, 60, 1]


@pytest.mark.parametrize('angles', [(0, 45), ()])
def test_angles_are_quarter_turns(angles):
    with pytest.raises(ValueError, match='give multiples of 90'):
        RandomRotate90(angles)


def test_its_name():
    assert repr(RandomRotate90((90, ))) == 'RandomRotate90(angles=(90,))'
