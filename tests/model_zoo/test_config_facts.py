"""What a config says about its model, wherever its test data stands."""

import pytest
from mmengine.config import Config

from mitos_mmdet.model_zoo.config_facts import class_names, pixel_size, stain_settings

DATASET = dict(type='MitosisDataset', ann_file='a.json', metainfo=dict(classes=('cell', 'mitotic figure')), pipeline=[
    dict(type='LoadFrame'), dict(type='ResizeToPixelSize', um_per_px=0.3), dict(type='NormalizeStain', method='vahadane')])


@pytest.mark.parametrize('dataset', [
    DATASET, dict(type='RepeatDataset', times=1, dataset=DATASET), dict(type='ConcatDataset', datasets=[DATASET, dict(ann_file='b.json')]),
    # the first dataset says nothing, a wrapper in a list, a wrapper with transforms of its own
    dict(type='ConcatDataset', datasets=[dict(ann_file='b.json', metainfo={}), dict(type='RepeatDataset', times=1, dataset=DATASET)]),
    dict(type='MultiImageMixDataset', dataset=DATASET, pipeline=[dict(type='Mosaic')])])
def test_what_the_test_data_says_counts_before_the_top_level(dataset):
    cfg = Config(dict(model=dict(type='RTMDet'), test_dataloader=dict(dataset=dataset), test_pipeline=[dict(type='LoadFrame')]))
    assert class_names(cfg) == ('cell', 'mitotic figure') and pixel_size(cfg, 'own.py') == 0.3
    assert stain_settings(cfg) == dict(method='vahadane', target='default')


@pytest.mark.parametrize('loader', [{}, dict(test_dataloader=None), dict(test_dataloader=dict(dataset=dict(ann_file='a.json')))])
def test_without_it_the_top_level_counts(loader):
    cfg = Config(dict(model=dict(type='RTMDet'), test_pipeline=[dict(type='NormalizeStain')], um_per_px=0.25, **loader))
    assert class_names(cfg) is None and pixel_size(cfg, 'own.py') == 0.25
    assert stain_settings(cfg) == dict(method='macenko', target='default')
