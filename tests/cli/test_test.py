"""What mitos test writes beside the scores."""

from types import SimpleNamespace

from mmengine.config import ConfigDict

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.cli.test import _add_report
from mitos_mmdet.evaluation.centroid_metric import CentroidMetric


def test_a_report_names_the_annotation_files_of_joined_datasets():
    joined = [dict(data_root='data', ann_file='a/test.json'), dict(ann_file='b.json')]
    cfg = ConfigDict(test_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=joined)))
    metrics = [CentroidMetric(radius='30px')]
    args = SimpleNamespace(config='own.py', report='page.html', tta=False)
    _add_report(SimpleNamespace(test_evaluator=SimpleNamespace(metrics=metrics)), cfg, args)
    assert metrics[-1].provenance['Annotations'] == 'data/a/test.json, b.json'
