"""Mask R-CNN on TUPAC16 (2020): its data, anchors and pretrained weights."""

from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.config import Config
from mmengine.structures import InstanceData

from mitos_mmdet.compat.config_edits import set_from_scratch

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CONFIGS = Path(__file__).parents[1] / 'configs' / 'mitos'


def config(name):
    return Config.fromfile(next(CONFIGS.rglob(f'{name}.py')))


def test_training_adds_icpr2012_and_atypia14_to_tupac16():
    cfg = config('mask_rcnn_r101_fpn_tupac16')
    assert [dataset.ann_file.split('/')[0] for dataset in cfg.train_dataloader.dataset.datasets] == ['tupac16', 'icpr2012', 'atypia14']


def assign(detector, boxes, size):
    """Anchors of an image of ``size`` px and the object, from 1, that each is positive for."""
    generator = TASK_UTILS.build(detector.rpn_head.anchor_generator)
    anchors = torch.cat(generator.grid_priors([(size // stride[0], ) * 2 for stride in generator.strides], device='cpu'))
    found = TASK_UTILS.build(detector.train_cfg.rpn.assigner).assign(
        InstanceData(priors=anchors), InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long)))
    return anchors, found.gt_inds


def test_anchors_have_the_papers_sizes_and_ratios_one_size_a_level():
    generator = TASK_UTILS.build(config('mask_rcnn_r101_fpn_tupac16').model.detector.rpn_head.anchor_generator)
    for level, size in zip(generator.base_anchors, (32, 64, 128, 256), strict=True):
        width, height = (level[:, 2:] - level[:, :2]).T
        torch.testing.assert_close((width * height).sqrt(), torch.full((3, ), float(size)))
        torch.testing.assert_close(height / width, torch.tensor([0.5, 1.0, 2.0]))


@pytest.mark.parametrize('name', ['mask_rcnn_r101_fpn_tupac16', 'mask_rcnn_r18_small_atypia14', 'mask_rcnn_lite0_small_atypia14'])
@pytest.mark.parametrize('box', [
    [240, 240, 250, 266],  # the thinnest ellipse drawn, 10 x 26 px
    [240.3, 240.8, 250.3, 250.8],  # the smallest, 10 x 10
    [240, 240, 272, 272],  # the largest circle
    [0, 0, 5, 5],  # what a corner leaves of the smallest
    [507, 499, 512, 512],
])
def test_every_object_keeps_its_best_anchors(name, box):
    anchors, owner = assign(config(name).model.detector, torch.tensor([box], dtype=torch.float32), 512)
    overlap = torch.clamp(torch.minimum(anchors[:, 2:], torch.tensor(box[2:])) - torch.maximum(anchors[:, :2], torch.tensor(box[:2])), 0)
    shared = overlap.prod(dim=1)
    area = (box[2] - box[0]) * (box[3] - box[1])
    iou = shared / ((anchors[:, 2:] - anchors[:, :2]).prod(dim=1) + area - shared)
    assert (owner == 1).any()
    assert iou[owner == 1].min() >= iou.max() - 1e-6 or iou[owner == 1].min() >= 0.7
    if box[2] - box[0] == 10:
        assert iou.max() < 0.3  # below mmdet's own limit: this is why ours is lower


def test_an_image_without_objects_has_background_alone():
    _, owner = assign(config('mask_rcnn_r101_fpn_tupac16').model.detector, torch.zeros(0, 4), 512)
    assert (owner == 0).all()


def test_mmdets_coco_weights_fit_all_but_the_last_layers():
    ours = config('mask_rcnn_r101_fpn_tupac16').model.detector
    theirs = Config.fromfile(Path(mmdet.__file__).parent / '.mim/configs/mask_rcnn/mask-rcnn_r101_fpn_2x_coco.py').model
    shapes = []
    for model in (ours, theirs):
        cfg = Config(dict(model=model))
        set_from_scratch(cfg)
        with torch.device('meta'):
            shapes.append({key: value.shape for key, value in MODELS.build(cfg.model).state_dict().items()})
    assert shapes[0].keys() == shapes[1].keys()
    assert {key.rsplit('.', 1)[0] for key in shapes[0] if shapes[0][key] != shapes[1][key]} == {
        'roi_head.bbox_head.fc_cls', 'roi_head.bbox_head.fc_reg', 'roi_head.mask_head.conv_logits'}


@pytest.mark.parametrize('with_masks, without', [
    ('mask_rcnn_r18_small_atypia14', 'faster_rcnn_r18_small_atypia14'),
    ('mask_rcnn_lite0_small_atypia14', 'mask_rcnn_lite0_small_no_masks_atypia14')])
def test_the_faster_rcnn_differs_in_its_mask_branch_alone(with_masks, without):
    mask, boxes = config(with_masks), config(without)
    for cfg in (mask, boxes):
        for part in ('mask_head', 'mask_roi_extractor'):
            cfg.model.detector.roi_head.pop(part)
        cfg.model.detector.pop('type')
        cfg.model.detector.data_preprocessor.pop('pad_mask')
    assert mask.to_dict() == boxes.to_dict()


def test_pretrained_weights_load_where_they_fit(tmp_path):
    # As from COCO: the same detector, of other classes.
    cfg = config('mask_rcnn_r18_small_atypia14')
    other = MODELS.build(cfg.model).detector
    state = {key: torch.full_like(value, 0.5) for key, value in other.state_dict().items()}
    state['roi_head.bbox_head.fc_cls.weight'] = torch.full((81, 128), 0.5)
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'coco.pth')
    cfg.model.detector.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'coco.pth'))
    model = MODELS.build(cfg.model)
    model.init_weights()
    found = model.detector.state_dict()
    assert (found['backbone.layer1.0.conv1.weight'] == 0.5).all() and (found['rpn_head.rpn_cls.weight'] == 0.5).all()
    assert found['roi_head.bbox_head.fc_cls.weight'].shape == (2, 128) and not (found['roi_head.bbox_head.fc_cls.weight'] == 0.5).any()
