import json
import pickle

import mmengine
import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric, DumpDetResults
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask

from mitos_mmdet.tiling.frame_masks import FrameMasks, encode

WIDTH, HEIGHT = 60, 40


def whole(mask):
    """What pycocotools makes of a mask ``(HEIGHT, WIDTH)``."""
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def blob(seed, height, width):
    """A ragged mask with holes and separate parts."""
    return np.random.default_rng(seed).random((height, width)) < 0.4


@pytest.mark.parametrize('x, y, mask', [
    (5, 7, blob(0, 12, 9)),
    (0, 0, blob(1, HEIGHT, WIDTH)),  # the frame itself
    (0, 0, np.ones((HEIGHT, WIDTH), bool)),  # all of it: runs join from column to column
    (20, 0, np.ones((HEIGHT, 7), bool)),
    (51, 28, np.ones((12, 9), bool)),  # up to the last pixel
    (10, 10, np.zeros((5, 5), bool)),  # nothing
    (30, 30, np.eye(1, dtype=bool)),  # one pixel
])
def test_run_lengths_are_those_of_the_whole_mask(x, y, mask):
    laid_out = np.zeros((HEIGHT, WIDTH), bool)
    laid_out[y:y + mask.shape[0], x:x + mask.shape[1]] = mask
    assert encode(mask, (x, y), (WIDTH, HEIGHT)) == whole(laid_out)


@pytest.mark.parametrize('x, y', [(-4, 35), (55, -3), (58, 38)])
def test_what_runs_over_the_frame_is_cut_off(x, y):
    laid_out = np.zeros((HEIGHT + 40, WIDTH + 40), bool)
    laid_out[y + 20:y + 30, x + 20:x + 30] = True
    assert encode(np.ones((10, 10), bool), (x, y), (WIDTH, HEIGHT)) == whole(laid_out[20:20 + HEIGHT, 20:20 + WIDTH])


@pytest.mark.parametrize('scale', [(0.5, 0.5), (2.0, 2.0), (0.5, 2.0), (0.75, 1.25), (1 / 3, 1.0)])
def test_a_resized_frame_gives_the_original_by_nearest_pixel(scale):
    # The model saw a frame of other sides; each pixel of the original asks what was seen at its centre.
    seen = blob(3, round(HEIGHT * scale[1]), round(WIDTH * scale[0]))
    rows = np.floor((np.arange(HEIGHT) + 0.5) * scale[1]).astype(int)
    columns = np.floor((np.arange(WIDTH) + 0.5) * scale[0]).astype(int)
    x, y = 4, 3
    tile = seen[y:y + 15, x:x + 12]
    kept = np.zeros_like(seen)
    kept[y:y + 15, x:x + 12] = tile
    assert encode(tile, (x, y), (WIDTH, HEIGHT), scale) == whole(kept[np.ix_(rows, columns)])


def test_a_mask_thinner_than_a_pixel_of_the_original_is_empty():
    found = encode(np.ones((8, 1), bool), (3, 0), (WIDTH, HEIGHT), (4.0, 4.0))
    assert coco_mask.area(found) == 0


@pytest.fixture
def masks():
    bitmaps = [blob(seed, HEIGHT, WIDTH) for seed in range(4)]
    return FrameMasks(map(whole, bitmaps), HEIGHT, WIDTH), np.array(bitmaps)


@pytest.mark.parametrize('index', [
    slice(1, 3), [2, 0], np.array([True, False, False, True]), np.array([3]), [], slice(0, 0),
])
def test_parts_are_taken_as_of_an_array(masks, index):
    masks, bitmaps = masks
    np.testing.assert_array_equal(masks[index].to_ndarray(), bitmaps[index])
    assert masks[index].to_ndarray().shape[1:] == (HEIGHT, WIDTH)


def test_one_is_cocos_dict(masks):
    masks, bitmaps = masks
    assert masks[2] == masks[-2] == whole(bitmaps[2]) and len(list(masks)) == len(masks) == 4
    assert masks.areas.tolist() == bitmaps.sum(axis=(1, 2)).tolist()
    with pytest.raises(IndexError):
        masks[4]


def test_it_rides_along_in_instance_data(masks):
    masks, bitmaps = masks
    instances = InstanceData(scores=torch.tensor([0.1, 0.9, 0.5, 0.8]), masks=masks)
    np.testing.assert_array_equal(instances[instances.scores > 0.4].masks.to_ndarray(), bitmaps[1:])
    np.testing.assert_array_equal(instances[instances.scores.argsort()].masks.to_ndarray(), bitmaps[[0, 2, 3, 1]])
    assert len(instances[instances.scores > 1].masks) == 0
    assert len(InstanceData.cat([instances, instances]).masks) == 8
    assert pickle.loads(pickle.dumps(instances)).masks.run_lengths == masks.run_lengths


@pytest.fixture
def sample(masks):
    boxes = torch.tensor([[0., 0, 60, 40]] * 4)
    sample = DetDataSample(metainfo=dict(img_id=1, ori_shape=(HEIGHT, WIDTH), img_path='a.png'))
    sample.pred_instances = InstanceData(bboxes=boxes, scores=torch.tensor([0.9, 0.8, 0.7, 0.1]), labels=torch.zeros(4, dtype=torch.long),
                                         masks=masks[0])
    return sample


def test_mmdet_dumps_it(sample, masks, tmp_path):
    metric = DumpDetResults(out_file_path=str(tmp_path / 'found.pkl'))
    metric.process({}, [sample.to_dict()])
    metric.evaluate(1)
    found, = mmengine.load(tmp_path / 'found.pkl')
    assert found['pred_instances']['masks'] == masks[0].run_lengths


def test_mmdet_draws_it(sample, tmp_path):
    visualizer = DetLocalVisualizer()
    visualizer.dataset_meta = dict(classes=('mitotic figure', ), palette=[(0, 160, 80)])
    image = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    drawn = []
    for keep in (True, False):
        if not keep:
            del sample.pred_instances.masks
        visualizer.add_datasample('a', image, sample, draw_gt=False, pred_score_thr=0.3, out_file=str(tmp_path / f'{keep}.png'))
        drawn.append((tmp_path / f'{keep}.png').read_bytes())
    assert drawn[0] != drawn[1]


def test_mmdet_scores_it(sample, masks, tmp_path):
    annotations = [dict(id=number + 1, image_id=1, category_id=1, iscrowd=0, bbox=[0, 0, WIDTH, HEIGHT], area=int(mask.sum()),
                        segmentation=dict(size=[HEIGHT, WIDTH], counts=whole(mask)['counts'].decode()))
                   for number, mask in enumerate(masks[1])]
    (tmp_path / 'truth.json').write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png', width=WIDTH, height=HEIGHT)], annotations=annotations,
        categories=[dict(id=1, name='mitotic figure')])))
    metric = CocoMetric(ann_file=str(tmp_path / 'truth.json'), metric='segm')
    metric.dataset_meta = dict(classes=('mitotic figure', ))
    metric.process({}, [sample.to_dict()])
    assert metric.evaluate(1)['coco/segm_mAP'] == pytest.approx(1.0)
