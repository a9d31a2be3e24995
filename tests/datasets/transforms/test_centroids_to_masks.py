import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from mmcv.transforms import Compose
from mmdet.registry import DATASETS
from mmdet.structures.mask import PolygonMasks
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.transforms.centroids_to_masks import CentroidsToMasks
from mitos_mmdet.preparation.tile_dataset import tile_dataset
from mitos_mmdet.preparation.tile_plan import TileSettings

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CENTROIDS = [[50, 40], [3, 77.5], [0, 0]]  # in the middle; near a corner; on one
SQUARE = [20, 30, 60, 30, 60, 45, 20, 45]  # an outline


@pytest.fixture
def info(tmp_path):
    """A data info as MitosisDataset gives it: a frame of 100 x 80 px with three figures."""
    Image.new('RGB', (100, 80)).save(tmp_path / 'a.png')
    instances = [dict(bbox=[x - 1, y - 1, x + 1, y + 1], bbox_label=label, ignore_flag=0, centroid=[x, y])
                 for label, (x, y) in enumerate(CENTROIDS)]
    return dict(img_path=str(tmp_path / 'a.png'), img_id=1, um_per_px=[0.25, 0.25], instances=instances)


def load(info, *after, **options):
    """Through mmdet's own transforms, by their registered names."""
    return Compose([dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True), dict(type='CentroidsToMasks', **options),
                    *after])(dict(info))


def boxes_of(results):
    return results['gt_bboxes'].tensor.numpy()


def assert_boxes_fit(results):
    """Boxes are the masks' own, and a mask fills its box to the pixel."""
    np.testing.assert_allclose(boxes_of(results), results['gt_masks'].get_bboxes('hbox').tensor.numpy(), atol=1e-3)
    for (x1, y1, x2, y2), mask in zip(boxes_of(results), results['gt_masks'].to_ndarray(), strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        np.testing.assert_allclose([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], [x1, y1, x2, y2], atol=1.01)


CIRCLE = dict(shape='circle', radius=('10px', '10px'))


@pytest.mark.parametrize('options, um_per_px, box', [
    (CIRCLE, [0.25, 0.25], [40, 30, 60, 50]),
    (CIRCLE, None, [40, 30, 60, 50]),  # px need no pixel size
    (dict(shape='circle', radius=('2.5um', '2.5um'), half_axes=('1um', '2um')), [0.25, 0.25], [40, 30, 60, 50]),
    (dict(shape='circle', radius=('2.5um', '2.5um'), half_axes=('1um', '2um')), [0.25, 0.5], [40, 35, 60, 45]),  # pixels not square
    (dict(shape='ellipse', half_axes=('5px', '5px')), None, [45, 35, 55, 45]),
])
def test_masks_have_the_size_around_the_centroids(info, options, um_per_px, box):
    results = load(dict(info, um_per_px=um_per_px), **options)
    assert isinstance(results['gt_masks'], PolygonMasks) and len(results['gt_masks']) == 3
    np.testing.assert_allclose(boxes_of(results)[0], box, atol=0.05)
    assert results['gt_bboxes_labels'].tolist() == [0, 1, 2]


def test_defaults_are_the_papers_sizes(info):
    for seed in range(50):
        width, height = (boxes_of(load(info, seed=seed))[0].reshape(2, 2) * [[-1, -1], [1, 1]]).sum(axis=0)
        assert 10 <= width <= 32 and 10 <= height <= 32


@pytest.mark.parametrize('shape', ['circle', 'ellipse', 'random'])
def test_masks_are_cut_at_the_border(info, shape):
    results = load(info, shape=shape)
    assert_boxes_fit(results)
    boxes, areas = boxes_of(results), results['gt_masks'].areas
    assert (boxes >= 0).all() and (boxes <= [100, 80, 100, 80]).all()
    assert boxes[1, 0] == 0 and boxes[1, 3] == 80 and boxes[2, :2].tolist() == [0, 0]
    uncut = load(dict(info, instances=[dict(info['instances'][0], centroid=[40, 40])]), shape=shape)
    assert areas[2] < 0.6 * uncut['gt_masks'].areas.max() and areas.min() > 30


@pytest.mark.parametrize('after', [
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='vertical'),
    dict(type='RandomFlip', prob=1.0, direction='diagonal'),
    dict(type='Resize', scale=(200, 160), keep_ratio=True),
    dict(type='RandomChoiceResize', scales=[(64, 64)], keep_ratio=True),
    dict(type='RandomRotate90', angles=(90, )),
    dict(type='RandomRotate90', angles=(270, )),
    dict(type='RandomCrop', crop_size=(50, 60), recompute_bbox=True),
    dict(type='Pad', size_divisor=32),
], ids=lambda after: after['type'])
def test_masks_survive_mmdets_transforms(info, after):
    np.random.seed(0)  # of RandomCrop
    before = load(info)
    results = load(info, after)
    assert_boxes_fit(results)
    assert (results['gt_masks'].height, results['gt_masks'].width) == (results.get('pad_shape') or results['img_shape'])[:2]
    if after['type'] != 'RandomCrop':
        scale = np.prod(results.get('scale_factor', (1, 1)))
        np.testing.assert_allclose(results['gt_masks'].areas, before['gt_masks'].areas * scale, rtol=1e-6)


def test_a_crop_with_a_minimal_iou_keeps_masks_in_step(info):
    for seed in range(20):
        np.random.seed(seed)
        results = load(info, dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.5))
        assert len(results['gt_masks']) == len(boxes_of(results)) == len(results['gt_bboxes_labels'])
        # Of a mask cut at a corner the box is that of the crop, somewhat loose.
        for (x1, y1, x2, y2), mask in zip(boxes_of(results), results['gt_masks'].to_ndarray(), strict=True):
            inside = mask[int(y1):int(np.ceil(y2)), int(x1):int(np.ceil(x2))]
            assert inside.sum() == mask.sum() > 0.5 * inside.size


def test_masks_reach_the_model(info):
    sample = load(info, dict(type='PackDetInputs'))['data_samples'].gt_instances
    assert len(sample.masks) == 3 and sample.masks.to_ndarray().any(axis=(1, 2)).all()


@pytest.mark.parametrize('source', ['drawn', 'outlines'])
def test_no_instances_give_no_masks(info, source):
    results = load(dict(info, instances=[]), dict(type='RandomFlip', prob=1.0), dict(type='PackDetInputs', meta_keys=('img_id', )),
                   source=source)
    sample = results['data_samples'].gt_instances
    assert len(sample.masks) == 0 and sample.bboxes.tensor.shape == (0, 4)
    assert (sample.masks.height, sample.masks.width) == (80, 100)


def test_inference_without_annotations_passes_through(info):
    del info['instances']
    results = Compose([dict(type='LoadFrame'), dict(type='CentroidsToMasks')])(info)
    assert 'gt_masks' not in results and 'gt_bboxes' not in results


def test_outlines_are_used_where_there_are_any(info):
    outlined = dict(info, instances=[dict(info['instances'][0], mask=[SQUARE, [90, 70, 120, 70, 120, 80, 90, 80]]), *info['instances'][1:]])
    results = load(outlined, source='outlines')
    # Two parts, the second one cut at the border.
    assert [part.tolist() for part in results['gt_masks'].masks[0]][0] == SQUARE and len(results['gt_masks'].masks[0]) == 2
    assert boxes_of(results)[0].tolist() == [20, 30, 100, 80]
    drawn = load(outlined)
    np.testing.assert_array_equal(boxes_of(results)[1:], boxes_of(drawn)[1:])
    assert len(drawn['gt_masks'].masks[0]) == 1 and boxes_of(drawn)[0].tolist() != [20, 30, 100, 80]


def test_an_outline_outside_the_image_gives_way_to_a_drawn_mask(info):
    away = dict(info, instances=[dict(info['instances'][0], mask=[[200, 200, 210, 200, 210, 210]])])
    np.testing.assert_array_equal(boxes_of(load(away, source='outlines')), boxes_of(load(info))[:1])


def masks_with_seed(info, seed):
    return [polygon.tolist() for mask in load(info, seed=seed)['gt_masks'].masks for polygon in mask]


def test_the_draw_is_a_function_of_seed_and_annotation(info):
    first = masks_with_seed(info, 7)
    np.random.seed(99)  # another epoch, another order, alone in the image, under another folder
    assert masks_with_seed(info, 7) == first
    alone = dict(info, instances=info['instances'][1:2])
    assert masks_with_seed(alone, 7) == first[1:2]
    assert masks_with_seed(info, 8) != first
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('fork')) as workers:  # as torch's on Linux
        assert all(found == first for found in workers.map(masks_with_seed, [info] * 4, [7] * 4))


def test_another_draw_every_epoch(info):
    np.random.seed(0)
    first, second = (load(info, resample='epoch')['gt_masks'].masks[0][0].tolist() for _ in range(2))
    assert first != second
    np.random.seed(0)
    assert load(info, resample='epoch')['gt_masks'].masks[0][0].tolist() == first


def test_a_figure_has_one_mask_in_all_tiles_and_in_the_frame(tmp_path):
    # Through the tiler's own rounding: centroids of three decimals, tiles of 100 px that overlap by 60.
    folder = tmp_path / 'frames' / 'x40'
    folder.mkdir(parents=True)
    Image.new('RGB', (220, 100)).save(folder / 'A.png')
    x, y = 82.339, 49.871
    write_json(dict(images=[dict(id=5, file_name='x40/A.png', width=220, height=100)], categories=[dict(id=1, name='mitotic figure')],
                    annotations=[dict(id=9, image_id=5, category_id=1, bbox=[60, 30, 40, 40], area=1600, iscrowd=0, centroid=[x, y])]),
               tmp_path / 'frames.json')
    tile_dataset(tmp_path / 'frames.json', tmp_path / 'frames', tmp_path / 'tiles', TileSettings(size=(100, 100), overlap=60), workers=1)
    found = []
    for ann_file, images in (('frames.json', 'frames/'), ('tiles/tiles.json', 'tiles/images/')):
        dataset = DATASETS.build(dict(
            type='MitosisDataset', metainfo=dict(classes=('mitotic figure', )), data_root=str(tmp_path), ann_file=ann_file,
            data_prefix=dict(img=images), pipeline=[dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True),
                                                    dict(type='CentroidsToMasks')]))
        for item in dataset:
            found.append(item['gt_masks'].masks[0][0].reshape(-1, 2) + item.get('offset', (0, 0)))
    whole = [polygon for polygon in found if len(polygon) == len(found[0]) and np.abs(polygon - found[0]).max() < 1e-6]
    assert len(found) == 4 and len(whole) >= 3  # the frame, and two tiles or more that do not cut it


@pytest.mark.parametrize('options, message', [
    (dict(shape='square'), "unknown shape 'square'"),
    (dict(source='segmentation'), "unknown source 'segmentation': one of drawn, outlines"),
    (dict(resample='always'), "unknown resample 'always': one of never, epoch"),
    (dict(radius=(10, 16)), "not a length: 10.*'30px'"),
    (dict(radius='10px'), "radius='10px' is no range"),
    (dict(radius=('16px', '10px')), 'the least and the most in one unit'),
    (dict(radius=('2.5um', '16px')), 'the least and the most in one unit'),
    (dict(radius=('2.5um', '4um')), 'have two units'),
    (dict(angles=()), 'leaves no direction'),
])
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CentroidsToMasks(**options)


@pytest.mark.parametrize('change, options, message', [
    (dict(um_per_px=None), dict(radius=('2um', '4um'), half_axes=('1um', '3um')), r'a\.png has no usable pixel size'),
    (dict(instances=[dict(bbox=[1, 1, 9, 9], bbox_label=0, ignore_flag=0)]), {}, r'a\.png: its instances carry no centroid'),
    (dict(instances=[dict(bbox=[1, 1, 9, 9], bbox_label=0, ignore_flag=0, centroid=[5, 5], mask=dict(size=[80, 100], counts='a'))]),
     dict(source='outlines'), r'a\.png: a segmentation is a run-length mask: write polygons'),
])
def test_what_is_missing_is_named_with_the_file(info, change, options, message):
    with pytest.raises(ValueError, match=message):
        load(dict(info, **change), **options)


def test_annotations_loaded_after_a_resize_are_refused(info):
    with pytest.raises(ValueError, match=r'a\.png: CentroidsToMasks stands after a transform .*right after LoadAnnotations'):
        Compose([dict(type='LoadFrame'), dict(type='Resize', scale=(200, 160)), dict(type='LoadAnnotations', with_bbox=True),
                 dict(type='CentroidsToMasks')])(info)


def test_it_prints_as_it_is_written():
    text = repr(CentroidsToMasks(shape='circle', seed=3))
    assert eval(text).__dict__ == CentroidsToMasks(shape='circle', seed=3).__dict__ and "radius=('10px', '16px')" in text
