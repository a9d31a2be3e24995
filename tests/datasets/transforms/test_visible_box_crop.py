import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import PolygonMasks

from mitos_mmdet.datasets.transforms.visible_box_crop import VisibleBoxCrop

BOXES = np.array([[10, 20, 60, 70], [100, 30, 150, 80], [140, 120, 190, 170]], np.float32)


def results(boxes=BOXES):
    image = np.zeros((200, 220, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(220), np.arange(200)[:, None]  # each pixel says where it was
    polygons = [[np.array([x1, y1, x2, y1, x2, y2, x1, y2])] for x1, y1, x2, y2 in boxes]
    labels = dict(gt_bboxes_labels=np.arange(len(boxes)), gt_ignore_flags=np.zeros(len(boxes), bool))
    return dict(labels, img=image, img_shape=(200, 220), gt_bboxes=HorizontalBoxes(torch.from_numpy(boxes.copy())),
                gt_masks=PolygonMasks(polygons, 200, 220))


def test_boxes_are_seen_by_the_share_or_not_at_all():
    np.random.seed(0)
    crop, shares, sizes = VisibleBoxCrop(min_visible=0.3, prob=1.0), [], set()
    for _ in range(200):
        found = crop(results())
        height, width = found['img_shape']
        left, top = found['img'][0, 0, :2]
        sizes.add((height, width))
        assert found['img'].shape[:2] == (height, width) and len(found['gt_bboxes_labels']) == len(found['gt_masks']) > 0
        kept = found['gt_bboxes'].tensor.numpy()
        for label, (x1, y1, x2, y2) in enumerate(BOXES):
            wide, high = min(x2, left + width) - max(x1, left), min(y2, top + height) - max(y1, top)
            share = max(wide, 0) * max(high, 0) / 2500
            assert share == 0 or share >= 0.3
            assert (label in found['gt_bboxes_labels']) == (share > 0)
            if share:
                shares.append(share)
                place = list(found['gt_bboxes_labels']).index(label)
                expected = np.clip([x1 - left, y1 - top, x2 - left, y2 - top], 0, [width, height, width, height])
                assert np.allclose(kept[place], expected)
                assert np.isclose(found['gt_masks'].areas[place], share * 2500)
    assert len(sizes) > 100 and min(shares) < 0.6  # boxes are cut, down to the limit


def test_images_without_objects_are_cropped_and_some_stay_whole():
    np.random.seed(0)
    sizes = [VisibleBoxCrop(prob=0.5)(results(BOXES[:0]))['img_shape'] for _ in range(60)]
    assert 10 < sizes.count((200, 220)) < 50


def test_a_crop_that_cannot_be_had_leaves_the_image():
    everywhere = np.array([[0, 0, 220, 200]], np.float32)
    assert VisibleBoxCrop(min_visible=1.0, prob=1.0)(results(everywhere))['img_shape'] == (200, 220)
    with pytest.raises(ValueError, match='min_visible=0 '):
        VisibleBoxCrop(min_visible=0)
