import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.datasets.transforms.centroids_to_boxes import CentroidsToBoxes

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CENTROIDS = [[50, 40], [3, 77.5]]  # in the middle; near a corner


@pytest.fixture
def info(tmp_path):
    """A data info as MitosisDataset gives it: a frame of 100 x 80 px with two figures."""
    Image.new('RGB', (100, 80)).save(tmp_path / 'a.png')
    instances = [dict(bbox=[x - 1, y - 1, x + 1, y + 1], bbox_label=label, ignore_flag=0, centroid=[x, y])
                 for label, (x, y) in enumerate(CENTROIDS)]
    return dict(img_path=str(tmp_path / 'a.png'), img_id=1, um_per_px=[0.25, 0.25], instances=instances)


def load(info, size, *after):
    """Through mmdet's own transforms, by their registered names."""
    return Compose([dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True),
                    dict(type='CentroidsToBoxes', size=size), *after])(info)


@pytest.mark.parametrize('size, um_per_px, boxes', [
    ('20px', [0.25, 0.25], [[40, 30, 60, 50], [0, 67.5, 13, 80]]),  # the second cut at the border
    ('20px', None, [[40, 30, 60, 50], [0, 67.5, 13, 80]]),  # px need no pixel size
    ('5um', [0.25, 0.25], [[40, 30, 60, 50], [0, 67.5, 13, 80]]),
    ('5um', [0.25, 0.5], [[40, 35, 60, 45], [0, 72.5, 13, 80]]),  # pixels twice as high as wide
    ('1000px', None, [[0, 0, 100, 80]] * 2),  # larger than the frame
])
def test_boxes_have_the_size_around_the_centroids(info, size, um_per_px, boxes):
    results = load(dict(info, um_per_px=um_per_px), size)
    assert results['gt_bboxes'].tensor.tolist() == boxes
    assert results['gt_bboxes'].tensor.dtype == torch.float32
    assert results['gt_bboxes_labels'].tolist() == [0, 1]


def test_boxes_go_on_through_mmdets_transforms(info):
    packed = load(info, '20px', dict(type='Resize', scale=(200, 160), keep_ratio=True),
                  dict(type='RandomFlip', prob=1.0, direction='horizontal'), dict(type='PackDetInputs'))
    assert packed['data_samples'].gt_instances.bboxes.tensor.tolist() == [[80, 60, 120, 100], [174, 135, 200, 160]]
    assert packed['inputs'].shape == (3, 160, 200)


def test_annotations_loaded_after_a_resize_of_a_test_pipeline_are_refused(info):
    # Sizes and centroids are those of the original frame.
    with pytest.raises(ValueError, match=r'a\.png: CentroidsToBoxes stands after a transform .*right after LoadAnnotations'):
        Compose([dict(type='LoadFrame'), dict(type='Resize', scale=(200, 160)), dict(type='LoadAnnotations', with_bbox=True),
                 dict(type='CentroidsToBoxes', size='20px')])(info)


def test_no_instances_give_no_boxes(info):
    packed = load(dict(info, instances=[]), '5um', dict(type='PackDetInputs', meta_keys=('img_id', )))
    assert packed['data_samples'].gt_instances.bboxes.tensor.shape == (0, 4)


def test_inference_without_annotations_passes_through(info):
    del info['instances']
    results = Compose([dict(type='LoadFrame'), dict(type='CentroidsToBoxes', size='5um')])(info)
    assert 'gt_bboxes' not in results and results['img'].shape == (80, 100, 3)


@pytest.mark.parametrize('change, message', [
    (dict(um_per_px=None), r'a\.png has no usable pixel size.*5um'),
    (dict(instances=[dict(bbox=[1, 1, 9, 9], bbox_label=0, ignore_flag=0)]), r'a\.png: its instances carry no centroid'),
])
def test_what_is_missing_is_named_with_the_file(info, change, message):
    with pytest.raises(ValueError, match=message):
        load(dict(info, **change), '5um')


def test_a_size_needs_its_unit():
    with pytest.raises(ValueError, match="not a length: 50.*'30px'"):
        CentroidsToBoxes(50)
    assert repr(CentroidsToBoxes('12um')) == "CentroidsToBoxes(size='12um', image_size=None)"


def test_the_annotations_themselves_stay_as_they_are(info):
    before = [dict(instance) for instance in info['instances']]
    load(info, '20px')
    assert [instance['centroid'] for instance in info['instances']] == [instance['centroid'] for instance in before]
    np.testing.assert_array_equal([instance['bbox'] for instance in info['instances']], [instance['bbox'] for instance in before])


def test_sizes_in_px_of_the_networks_image(info):
    # MITOS-RCNN, section IV-B.1, the other reading: 30 px after the resize, whatever the frame's size.
    resized = CentroidsToBoxes('10px', image_size=(50, 20))
    results = Compose([dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True), resized,
                       dict(type='Resize', scale=(50, 20), keep_ratio=False)])(info)
    width, height = (results['gt_bboxes'].tensor[0, 2:] - results['gt_bboxes'].tensor[0, :2]).tolist()
    assert (width, height) == (10, 10)
    with pytest.raises(ValueError, match='5um.*px'):
        CentroidsToBoxes('5um', image_size=(50, 20))
