"""What each paper says, section by section, in the configs as they resolve. Readings of what it leaves open: docs/paper_deviations.md."""

import copy
import functools
import inspect
import re
from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import nn

from mitos_mmdet.contests.tupac16 import SPLITS
from mitos_mmdet.datasets.transforms.centroids_to_masks import CentroidsToMasks
from mitos_mmdet.models.detectors.tiled_detector import TiledDetector
from mitos_mmdet.preparation.candidate_plan import CandidateSettings

CONFIGS = Path(__file__).parents[1] / 'configs' / 'mitos'
MITOS = [f'{system}_{data}' for system in ('mitos_rcnn_vgg16', 'faster_rcnn_vgg16', 'faster_rcnn_vgg16_conv4')
         for data in ('atypia14', 'icpr2012', 'mitos_boxes')]
MASK = [f'mask_rcnn_r101_fpn_{data}' for data in ('tupac16', 'atypia14', 'icpr2012')]
TUPAC = ['mask_rcnn_r101_fpn_tupac16', 'two_phase_fcn_vgg16_tupac16', 'two_phase_tupac16']
DETECTOR, ROI, RPN = 'model.detector', 'model.detector.roi_head', 'model.detector.rpn_head'

SAID = [
    # MITOS-RCNN (2018)
    (MITOS, 'IV-A', {
        'train': ['NormalizeStain', 'LoadAnnotations', 'CentroidsToBoxes', 'RandomRotate90', 'Resize', 'PackDetInputs'],
        'train.NormalizeStain.prob': 0.5, 'train.CentroidsToBoxes.size': '30px', 'train.Resize.scale': (299, 299),
        'train.Resize.keep_ratio': False, 'test': ['NormalizeStain', 'Resize', 'PackFrameInputs'], 'test.Resize.scale': (4 * 299, 4 * 299),
        'test.Resize.keep_ratio': False, 'model.tile_size': 299}),
    (MITOS, 'IV-B', {f'{DETECTOR}.backbone.type': 'VGG16', f'{ROI}.bbox_head.num_classes': 2}),
    (MITOS[:3], 'IV-B.2', {
        f'{DETECTOR}.backbone.out_layers': ('conv3_3', 'conv4_3'), f'{DETECTOR}.neck.type': 'Conv34Neck',
        f'{DETECTOR}.neck.out_channels': 256, f'{RPN}.rpn1_maps': [1], f'{RPN}.rpn2_maps': [0], f'{RPN}.rpn2.anchor_generator.scales': [16],
        f'{RPN}.rpn2.anchor_generator.strides': [4], f'{RPN}.rpn2.anchor_generator.ratios': [1.0]}),
    (MITOS[3:6], 'V-B', {f'{DETECTOR}.backbone.out_layers': ('conv5_3', )}),
    (MITOS[6:], 'V-B', {f'{DETECTOR}.backbone.out_layers': ('conv4_3', )}),
    (MITOS, 'IV-B.2', {
        f'{DETECTOR}.train_cfg.rpn_proposal.nms.iou_threshold': 0.7, f'{DETECTOR}.test_cfg.rpn.nms.iou_threshold': 0.7,
        f'{ROI}.bbox_roi_extractor.roi_layer': dict(type='RoIPool', output_size=7)}),
    (MITOS, 'IV-B.3', {
        f'{ROI}.bbox_head.fc_out_channels': 4096, f'{ROI}.bbox_head.reg_class_agnostic': False,
        f'{ROI}.bbox_head.loss_cls.use_sigmoid': False, f'{ROI}.bbox_head.loss_bbox.type': 'SmoothL1Loss',
        f'{ROI}.bbox_head.loss_bbox.beta': 1.0}),
    (MITOS, 'IV-B.4', {
        f'{ROI}.bbox_head.init_cfg': dict(type='Normal', layer='Linear', std=0.01),
        f'{DETECTOR}.backbone.frozen_stages': 2, f'{DETECTOR}.backbone.init_cfg.checkpoint': 'open-mmlab://vgg16_caffe',
        'train_dataloader.batch_size': 10, 'train_cfg.max_iters': 60000 + 20000, 'param_scheduler.1.milestones': [60000],
        'param_scheduler.1.gamma': 0.1, 'optim_wrapper.optimizer': dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0005)}),
    (MITOS, 'V-A', {'val_evaluator.radius': '8um', 'test_evaluator.radius': '8um'}),
    # Mask R-CNN on TUPAC16 (2020)
    (MASK, '3.2, 3.3', {
        'train': ['NormalizeStain', 'LoadAnnotations', 'CentroidsToMasks', 'RandomFlip', 'PackDetInputs'], 'train.RandomFlip.prob': 0.5,
        'train.RandomFlip.direction': 'horizontal', 'test': ['NormalizeStain', 'PackFrameInputs'], 'model.tile_size': 512}),
    (MASK, '3.5', {
        f'{DETECTOR}.type': 'MaskRCNN', f'{DETECTOR}.backbone.type': 'ResNet', f'{DETECTOR}.backbone.depth': 101,
        f'{DETECTOR}.neck.type': 'FPN', f'{DETECTOR}.train_cfg.rpn.assigner.pos_iou_thr': 0.7, f'{ROI}.bbox_head.num_classes': 1,
        f'{ROI}.bbox_roi_extractor.roi_layer.type': 'RoIAlign', f'{RPN}.loss_bbox.beta': 1.0, f'{ROI}.bbox_head.loss_bbox.beta': 1.0,
        f'{RPN}.loss_bbox.type': 'SmoothL1Loss', f'{ROI}.bbox_head.loss_bbox.type': 'SmoothL1Loss',
        f'{ROI}.mask_head.loss_mask.use_mask': True}),
    (MASK, '3.6', {f'{DETECTOR}.backbone.init_cfg.checkpoint': 'torchvision://resnet101'}),
    (MASK, '3.7', {'val_evaluator.radius': '30px', 'test_evaluator.radius': '30px'}),
    (MASK, '3.8', {
        'optim_wrapper.optimizer.type': 'SGD', 'optim_wrapper.optimizer.lr': 0.0025, 'train_dataloader.batch_size': 2,
        'train_cfg.type': 'IterBasedTrainLoop', 'train_cfg.max_iters': 30000, f'{DETECTOR}.train_cfg.rcnn.sampler.num': 78}),
    (TUPAC, '3.1, 3.7', {
        'val_evaluator.matching': 'amida', 'val_dataloader.dataset.ann_file': 'tupac16/annotations_val.json',
        'test_evaluator.matching': 'amida', 'test_dataloader.dataset.ann_file': 'tupac16/annotations_test.json'}),
    (['two_phase_fcn_vgg16_tupac16'], '3.4', {
        f'{DETECTOR}.backbone.type': 'VGG16', f'{DETECTOR}.backbone.init_cfg.checkpoint': 'torchvision://vgg16',
        f'{DETECTOR}.neck.init_cfg': dict(type='Pretrained', checkpoint='torchvision://vgg16', prefix='classifier.'),
        'model.tile_size': 512, 'train': ['NormalizeStain', 'LoadAnnotations', 'CentroidsToMasks', 'RandomFlip', 'PackDetInputs']}),
    (['two_phase_resnet101_tupac16'], '3.4, 3.8', {
        'model.backbone.depth': 101, 'model.bbox_head.loss_cls.use_sigmoid': False, 'train_dataloader.batch_size': 12,
        'train_cfg.max_epochs': 100, 'optim_wrapper.optimizer': dict(type='Adam', lr=0.0001, weight_decay=0.01),
        'custom_hooks.0.type': 'EarlyStoppingHook', 'train.RandomFlip.direction': 'horizontal'}),
    # Cascade R-CNN on MIDOG (2021)
    (['cascade_rcnn_midog'], 'Dataset', {'model.tile_size': 512, **{f'{ROI}.bbox_head.{stage}.num_classes': 2 for stage in range(3)}}),
    (['cascade_rcnn_midog'], 'Network Training', {
        'train': ['NormalizeStain', 'LoadAnnotations', 'CentroidsToBoxes', 'MinIoURandomCrop', 'RandomChoiceResize', 'RandomFlip',
                  'PackDetInputs'],
        'train.NormalizeStain.method': 'macenko', 'test.NormalizeStain.method': 'macenko', 'train.MinIoURandomCrop.min_ious': (0.3, ),
        'train.RandomChoiceResize.scales': [(side, side) for side in (384, 448, 512, 576, 640)], 'train_dataloader.batch_size': 4,
        f'{DETECTOR}.backbone.init_cfg.checkpoint': 'open-mmlab://resnext101_64x4d', 'optim_wrapper.optimizer.type': 'SGD',
        'optim_wrapper.optimizer.lr': 0.01, 'train_cfg.max_epochs': 50, 'param_scheduler.0.type': 'LinearLR',
        'param_scheduler.0.start_factor': 0.001, 'param_scheduler.0.end': 500, 'optim_wrapper.clip_grad.norm_type': 2}),
]


@functools.cache
def read(name):
    """A config by its name; shared, so copy what you change."""
    return Config.fromfile(next(CONFIGS.rglob(f'{name}.py')))


def views(name):
    """The config, once for each dataset it trains on, with ``train`` and ``test`` as ``{kind of step: step}`` after the image is read."""
    cfg = read(name).to_dict()
    trained = (cfg['train_dataloader'] or dict(dataset={}))['dataset']
    return [dict(cfg, **{key: {step['type']: step for step in one.get('pipeline', [])[1:]}
                         for key, one in (('train', dataset), ('test', cfg['test_dataloader']['dataset']))})
            for dataset in trained.get('datasets', [trained])]


def look(cfg, path):
    """What stands at a dotted path; the names of the steps for a pipeline as a whole."""
    for key in path.split('.'):
        cfg = cfg[int(key)] if key.isdigit() else cfg[key]
    return list(cfg) if path in ('train', 'test') else cfg


@pytest.mark.parametrize('name, said', [
    pytest.param(name, said, id=f'{name}, {section}') for names, section, said in SAID for name in names])
def test_the_config_says_what_the_paper_says(name, said):
    for cfg in views(name):
        assert {path: look(cfg, path) for path in said} == said


def test_defaults_that_the_papers_name():
    tiled, masks = (inspect.signature(each).parameters for each in (TiledDetector, CentroidsToMasks))
    assert tiled['nms_iou'].default == 0.5  # MIDOG, Network Training
    drawn = [masks[key].default for key in ('shape', 'radius', 'half_axes', 'angles')]
    assert drawn == ['random', ('10px', '16px'), ('5px', '13px'), (60, 90)]  # TUPAC16, 3.3
    assert CandidateSettings('30px').negatives == 16  # TUPAC16, 3.4


def differing(ours, theirs, path=''):
    """Dotted paths at which two nests of dicts and lists differ."""
    parts = [dict(part) if isinstance(part, dict) else dict(enumerate(part)) if isinstance(part, (list, tuple)) else None
             for part in (ours, theirs)]
    if None in parts and not any(parts):
        return [path] * (ours != theirs)
    one, other = (part or {} for part in parts)
    return [found for key in {*one, *other} for found in differing(one.get(key), other.get(key), f'{path}.{key}')]


def test_the_commands_tile_as_the_papers_do():
    # TUPAC16, 3.2: 60 % of 512 px; MITOS-RCNN, IV-A: 16 equal parts; MIDOG, Dataset: 512 px.
    for page, flags in (('mask_rcnn', f'--size 512 --overlap {round(0.6 * 512)}'), ('mitos_rcnn', '--grid 4x4 --keep all'),
                        ('data', 'data/midog/tiles_train --size 512')):
        assert flags in (CONFIGS.parents[1] / f'docs/{page}.md').read_text(encoding='utf-8')


def test_patients_are_those_of_the_papers_table(papers):
    # TUPAC16, table 1.
    text = papers('mask_rcnn_tupac16_2020').split('Train TUPAC16 patients:')[1]
    rows = text.split('All patients')[0], text.split('Validation')[1].split('Test')[0], text.split('Test')[1].split('Dataset')[0]
    assert {split: re.findall(r'\b\d\d\b', row) for split, row in zip(('train', 'val', 'test'), rows, strict=True)} == SPLITS['mask-rcnn']


@pytest.mark.parametrize('name, theirs, own', [
    ('cascade_rcnn_midog', 'cascade_rcnn/cascade-rcnn_x101_64x4d_fpn_20e_coco',
     {*(f'roi_head.bbox_head.{stage}.num_classes' for stage in range(3)), 'test_cfg.rcnn.score_thr'}),
    ('mask_rcnn_r101_fpn_tupac16', 'mask_rcnn/mask-rcnn_r101_fpn_2x_coco',
     {'init_cfg.type', 'init_cfg.checkpoint', 'neck.num_outs', 'rpn_head.anchor_generator.strides.4', 'roi_head.bbox_head.num_classes',
      'roi_head.mask_head.num_classes', 'train_cfg.rcnn.sampler.num', 'train_cfg.rpn.assigner.min_pos_iou', 'test_cfg.rcnn.score_thr',
      *(f'{head}.loss_bbox.{key}' for head in ('rpn_head', 'roi_head.bbox_head') for key in ('type', 'beta'))})])
def test_all_else_is_mmdets(name, theirs, own):
    # What a paper leaves open is mmdet's own, but for these.
    base = Config.fromfile(Path(mmdet.__file__).parent / f'.mim/configs/{theirs}.py').model
    assert {path[1:] for path in differing(read(name).model.detector, base)} == own


@pytest.mark.parametrize('name', ['mitos_rcnn_lite0_small_atypia14', 'faster_rcnn_lite0_small_atypia14'])
def test_new_layers_start_from_a_gaussian(mmdet_scope, name):
    # MITOS-RCNN, IV-B.4: "weights in all layers of the RCNN were initialized from a zero-mean Gaussian distribution" of 0.01.
    cfg = copy.deepcopy(read(name).model.detector)
    cfg.backbone.init_cfg = None
    model = MODELS.build(cfg)
    model.init_weights()
    layers = {name: layer for name, layer in model.named_modules()
              if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and not name.startswith('backbone')}
    assert len(layers) == (14 if 'mitos' in name else 7)
    for key, layer in layers.items():
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.2) and abs(layer.weight.mean().item()) < 2e-3, key
        assert torch.equal(layer.bias, torch.zeros_like(layer.bias)), key
