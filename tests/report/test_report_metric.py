"""The report of a test run: the frames of all processes, scored as tools/evaluate.py scores the run's detections."""

import json

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import CLASSES
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.records import detections, frames_of, read_sample
from mitos_mmdet.evaluation.scoring import score
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.report.report_metric import ReportMetric


def sample(number, folder, **meta):
    """A data sample with truth and detections of both classes, and its image."""
    noise = np.random.default_rng(number)
    path = folder / f'frame_{number}.png'
    Image.new('RGB', (500, 400), (200, 150, 200)).save(path)
    truths, labels = noise.uniform(50, 350, (4, 2)), [0, 0, 1, 1]
    instances = [dict(bbox=[x - 25, y - 25, x + 25, y + 25], centroid=[x, y], bbox_label=label, ignore_flag=0)
                 for (x, y), label in zip(truths.tolist(), labels, strict=True)]
    made = DetDataSample(metainfo=dict(dict(
        img_id=number, img_path=str(path), ori_shape=(400, 500), um_per_px=[0.25, 0.25], scanner='AB'[number % 2], domain='D',
        case_id=f'case {number}', labelled=True, instances=instances), **meta))
    points = torch.from_numpy(np.concatenate([truths + 5, noise.uniform(50, 350, (3, 2))])).float()
    made.pred_instances = InstanceData(bboxes=torch.cat([points - 25, points + 25], dim=1), labels=torch.tensor([0, 1, 1, 0, 0, 0, 1]),
                                       scores=torch.from_numpy(noise.uniform(0, 1, 7)).float())
    return made


@pytest.fixture
def samples(tmp_path):
    (tmp_path / 'images').mkdir()
    return [*(sample(number, tmp_path / 'images') for number in range(4)),
            sample(4, tmp_path / 'images', broken='truncated'), sample(5, tmp_path / 'images', labelled=False)]


def truth_file(samples, path):
    """Their truth as COCO json; the broken one is not in it."""
    images, annotations = [], []
    for each in samples:
        meta = each.metainfo
        images.append(dict(id=meta['img_id'], file_name=meta['img_path'], height=400, width=500, um_per_px=meta['um_per_px'],
                           scanner=meta['scanner'], domain=meta['domain'], case_id=meta['case_id'], labelled=meta['labelled']))
        for truth in meta['instances'] if meta['labelled'] else ():
            left, top, right, bottom = truth['bbox']
            annotations.append(dict(id=len(annotations), image_id=meta['img_id'], category_id=1 + truth['bbox_label'], iscrowd=0,
                                    area=2500, bbox=[left, top, right - left, bottom - top], centroid=truth['centroid']))
    write_json(dict(images=images, annotations=annotations,
                    categories=[dict(id=1 + label, name=name) for label, name in enumerate(CLASSES)]), path)
    return path


@pytest.mark.parametrize('name', CLASSES)
def test_same_figures_as_from_the_files(name, samples, tmp_path):
    records = [read_sample(each.to_dict()) for each in samples]
    write_json(detections(records, CLASSES), tmp_path / 'found.json')
    truth = read_points(truth_file([each for each in samples if 'broken' not in each], tmp_path / 'truth.json'), None, is_truth=True)
    found = read_points(tmp_path / 'found.json', None, truth)
    by_file = score(truth, found, threshold=0.4, classes=[name], resamples=20).evaluations[name]
    by_run = evaluate(frames_of(records, CLASSES, name), threshold=0.4, name=name, resamples=20)
    assert json.dumps(by_run.to_dict()) == json.dumps(by_file.to_dict())
    assert (by_run.confusion is not None) == (name == CLASSES[0]) and by_run.frames_unlabelled == 1 and len(by_run.frames) == 4


@pytest.mark.parametrize('classes', [CLASSES, ('mitotic figure', )])
def test_no_look_alikes_where_nobody_labelled_them(classes, samples):
    records = [read_sample(each.to_dict()) for each in samples]
    for record in records:
        keep = record.truth_labels == 0
        record.truth_xy, record.truth_labels = record.truth_xy[keep], record.truth_labels[keep]
    assert all(frame.hard_negative_xy is None for frame in frames_of(records, classes, CLASSES[0]))


def test_writes_the_page_and_adds_no_figures(samples, tmp_path):
    metric = ReportMetric(tmp_path / 'out/report.html', {'Config': 'a.py'}, radius='7.5um', score_thr=0.4)
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(classes=CLASSES)
    for each in [*samples, samples[0]]:  # the last round of several processes is padded
        evaluator.process([each])
    assert evaluator.evaluate(7) == {}
    text = (tmp_path / 'out/report.html').read_text()
    assert '4 frames' in text and '1 frame without labels left out' in text and 'data:image/jpeg' in text and 'frame_4' not in text


def test_a_bad_path_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match='not a .html or .htm file'):
        ReportMetric(tmp_path / 'report.txt')
