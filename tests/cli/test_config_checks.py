"""Traps of configs end in one clear line before a training starts."""

import pytest
from mmengine.config import ConfigDict

from mitos_mmdet.cli.config_checks import check_length, check_metric, check_model
from mitos_mmdet.compat.config_edits import set_classes


def scored(dataset='MitosisDataset', step=None, radius='7.5um'):
    """A config that validates with ``CentroidMetric``."""
    step = step or dict(type='PackFrameInputs')
    return ConfigDict(val_evaluator=dict(type='CentroidMetric', radius=radius),
                      val_dataloader=dict(dataset=dict(type=dataset, ann_file='a.json', pipeline=[dict(type='LoadFrame'), step])))


@pytest.mark.parametrize(('loop', 'wanted'), [
    (dict(type='IterBasedTrainLoop', max_iters=9, max_epochs=1), 'max_iters'), (dict(by_epoch=False, max_epochs=1), 'max_iters'),
    (dict(type='EpochBasedTrainLoop', max_epochs=9, max_iters=1), 'max_epochs'), (dict(by_epoch=True), 'max_epochs'), ({}, 'max_epochs')])
def test_a_length_in_the_other_unit_is_one_line(loop, wanted):
    with pytest.raises(ValueError, match=rf'own\.py: this training counts .*Give its length as train_cfg\.{wanted}, not max_'):
        check_length(ConfigDict(train_cfg=loop), 'own.py')


@pytest.mark.parametrize('loop', [dict(type='IterBasedTrainLoop', max_iters=9), dict(by_epoch=False, max_iters=9), dict(max_epochs=9),
                                  dict(type='MyLoop', max_steps=9)])
def test_a_length_in_the_loops_unit_passes(loop):
    check_length(ConfigDict(train_cfg=loop), 'own.py')


@pytest.mark.parametrize('cfg', [
    scored(), scored(step=dict(type='PackDetInputs', meta_keys=('instances', 'um_per_px'))),
    # a radius in px asks for no pixel size, and stock datasets read the ground truth too
    scored('CocoDataset', radius='30px'),
    # another step that packs, of which nothing is known
    scored(step=dict(type='PackSomething'))])
def test_what_carries_the_ground_truth_passes(cfg):
    check_metric(cfg, 'own.py')


@pytest.mark.parametrize(('cfg', 'says'), [
    # mmdet's own test pipeline
    (scored('CocoDataset', dict(type='PackDetInputs', meta_keys=('img_id', 'img_path'))), "reads 'instances'"),
    (scored(step=dict(type='PackDetInputs')), 'PackFrameInputs'),
    # a stock dataset has no pixel size
    (scored('CocoDataset'), 'carry no um_per_px'),
    (scored(step=dict(type='PackDetInputs', meta_keys=('instances',))), 'carry no um_per_px')])
def test_what_does_not_is_refused_before_training(cfg, says):
    with pytest.raises(ValueError, match=r'own\.py: ') as error:
        check_metric(cfg, 'own.py')
    assert says in str(error.value)


def test_other_metrics_are_none_of_our_business():
    cfg = scored(step=dict(type='PackDetInputs'))
    cfg.val_evaluator = dict(type='CocoMetric')
    check_metric(cfg, 'own.py')


def test_a_list_of_heads_that_replaced_its_base_is_named():
    heads = [dict(num_classes=1)] * 3
    cfg = ConfigDict(model=dict(type='TiledDetector', detector=dict(roi_head=dict(bbox_head=heads))))
    with pytest.raises(ValueError, match=r'own\.py: bbox_head .*no type.*--classes'):
        check_model(cfg, 'own.py')
    for head in cfg.model.detector.roi_head.bbox_head:
        head.type = 'Shared2FCBBoxHead'
    check_model(cfg, 'own.py')


def test_classes_reach_every_dataset_and_head():
    dataset = dict(type='MitosisDataset', ann_file='a.json')
    cfg = ConfigDict(model=dict(roi_head=dict(bbox_head=[dict(num_classes=2), dict(num_classes=2)], mask_head=dict(num_classes=2))),
                     train_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dataset, dict(dataset)])),
                     val_dataloader=dict(dataset=dict(dataset)), test_dataloader=None)
    set_classes(cfg, ['mitotic figure'])
    joined = cfg.train_dataloader.dataset.datasets
    assert {each.metainfo.classes for each in (*joined, cfg.val_dataloader.dataset)} == {('mitotic figure',)}
    heads = cfg.model.roi_head
    assert [head.num_classes for head in (*heads.bbox_head, heads.mask_head)] == [1, 1, 1]
