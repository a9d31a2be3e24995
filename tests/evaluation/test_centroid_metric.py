"""CentroidMetric as mmengine drives it: one process and two, odd frames, keys, files."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from PIL import Image
from pycocotools import mask as coco_mask

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.evaluation.centroid_metric import CentroidMetric
from mitos_mmdet.evaluation.records import read_sample
from mitos_mmdet.tiling.frame_masks import FrameMasks, encode

CLASSES = ('mitotic figure', 'hard negative')


def sample(img_id, truths=(), preds=(), labels=None, truth_labels=None, centroid=True, **meta):
    """A data sample with 50 px boxes around the points; ``preds`` are ``(x, y, score)``."""
    instances = [dict(bbox=[x - 25, y - 25, x + 25, y + 25], bbox_label=label, ignore_flag=0,
                      **(dict(centroid=[x, y]) if centroid else {}))
                 for (x, y), label in zip(truths, truth_labels or [0] * len(truths), strict=True)]
    meta = dict(dict(img_id=img_id, img_path=f'{img_id}.png', ori_shape=(400, 500), um_per_px=[0.25, 0.25], scanner='S',
                     domain='D', labelled=True, instances=instances), **meta)
    made = DetDataSample(metainfo={key: value for key, value in meta.items() if value is not None})
    points = torch.tensor(preds, dtype=torch.float32).reshape(-1, 3)
    made.pred_instances = InstanceData(bboxes=torch.cat([points[:, :2] - 25, points[:, :2] + 25], dim=1), scores=points[:, 2],
                                       labels=torch.tensor(labels or [0] * len(preds), dtype=torch.long))
    return made


def evaluate(samples, size=None, report=None, **kwargs):
    evaluator = Evaluator(METRICS.build(dict(type='CentroidMetric', classes=report, **kwargs)))
    evaluator.dataset_meta = dict(classes=CLASSES)
    for each in samples:  # batches of one, as mmengine's loops give them
        evaluator.process([each])
    return evaluator.evaluate(len(samples) if size is None else size)


def some_samples():
    rng = np.random.default_rng(0)
    made = []
    for number in range(5):
        truths = rng.uniform(50, 350, (number, 2))
        preds = np.concatenate([truths + rng.normal(0, 15, truths.shape), rng.uniform(50, 350, (3, 2))])
        made.append(sample(number, truths.tolist(), np.column_stack([preds, rng.random(len(preds))]).tolist(),
                           labels=rng.integers(0, 2, len(preds)).tolist(), truth_labels=rng.integers(0, 2, number).tolist(),
                           scanner='AB'[number % 2]))
    return made


def test_area_and_intervals_for_the_table_of_results():
    found = evaluate(some_samples(), resamples=50)
    assert found['centroid/area_mm2'] == pytest.approx(5 * 400 * 500 * 0.25**2 / 1e6)
    assert all(found[f'centroid/{key}_low'] <= found[f'centroid/{key}'] <= found[f'centroid/{key}_high'] for key in ('f1', 'ap'))
    unknown = evaluate([sample(1, [(100, 100)], [(100, 100, 0.9)], um_per_px=None)], radius='8px')
    assert not {'centroid/area_mm2', 'centroid/f1_low'} & set(unknown)


def test_counts_keys_and_a_fixed_threshold():
    found = evaluate([sample(1, [(100, 100), (200, 200)], [(110, 100, 0.9), (300, 300, 0.8), (200, 200, 0.4)]),
                      sample(2, [], [(100, 100, 0.6)]), sample(3, [(50, 50)])], score_thr=0.5)
    assert {key: found[f'centroid/{key}'] for key in ('tp', 'fp', 'fn', 'frames')} == dict(tp=1, fp=2, fn=2, frames=3)
    assert found['centroid/f1'] == found['centroid/precision'] == found['centroid/recall'] == pytest.approx(1 / 3)
    assert (found['centroid/distance_mean_um'], found['centroid/distance_sd_um']) == (2.5, 0)  # 10 px of 0.25 um
    # hit, alarm, alarm, hit of three truths
    assert found['centroid/ap'] == pytest.approx(1 / 3 + 1 / 3 * 2 / 4)
    assert found['centroid/threshold_fixed'] == 0.5
    assert not [key for key in found if 'best' in key]
    assert all(type(value) is float for value in found.values())
    json.dumps(found)


def test_the_best_threshold_is_named_as_such(caplog):
    samples = [sample(1, [(100, 100), (200, 200)], [(110, 100, 0.75), (200, 200, 0.625), (300, 300, 0.5)])]
    found, log = evaluate(samples), logged(caplog, samples)
    assert (found['centroid/f1'], found['centroid/threshold_best_on_this_set']) == (1, 0.625)
    assert 'centroid/threshold_fixed' not in found
    assert 'tuned on the evaluated set' in log and '7.5um' in log and "'midog'" in log
    assert 'fixed beforehand' in logged(caplog, samples, score_thr=0.5)


def logged(caplog, samples, **kwargs):
    """What an evaluation prints through mmengine's logger."""
    logger = MMLogger.get_instance('centroid_metric_test')  # the newest is the 'current' one
    caplog.clear()
    logger.addHandler(caplog.handler)
    try:
        evaluate(samples, **kwargs)
    finally:
        logger.removeHandler(caplog.handler)
    return caplog.text


def test_intervals_are_printed_where_asked_for(caplog):
    samples = some_samples()
    assert 'bootstrap' not in logged(caplog, samples)
    log = logged(caplog, samples, resamples=20)
    assert 'bootstrap over 5 frames (no frame has a case_id), 20 resamples, seed 0' in log
    assert re.search(r'F1 +\| \d\.\d{4} \(\d\.\d{4} to \d\.\d{4}\)', log)
    assert 'false positives on a hard negative' in log
    plain, found = evaluate(samples), evaluate(samples, resamples=20)
    assert {key: found[key] for key in plain} == plain, 'what is given without intervals stays as it is'
    assert found['centroid/f1_low'] <= found['centroid/f1'] <= found['centroid/f1_high']


def test_no_share_of_hard_negatives_where_none_are_labelled(caplog):
    # It printed "0 of N on a hard negative", as if somebody had looked.
    log = logged(caplog, [sample(1, [(100, 100)], [(100, 100, 0.9), (300, 300, 0.8)])], resamples=5, score_thr=0.5)
    assert 'TP, FP, FN' in log and '1, 1, 0' in log and 'on a hard negative' not in log


def test_classes_are_scored_apart():
    # a mitosis called a hard negative: a miss of the one, a false positive of the other
    found = evaluate([sample(1, [(100, 100), (200, 200)], [(100, 100, 0.9), (200, 200, 0.9)], labels=[1, 1],
                             truth_labels=[0, 1])], score_thr=0.5)
    assert [found[f'centroid/{key}'] for key in ('tp', 'fp', 'fn')] == [0, 0, 1]
    assert [found[f'centroid/hard_negative_{key}'] for key in ('tp', 'fp', 'fn')] == [1, 1, 0]
    only = evaluate([sample(1, [(9, 9)], [(9, 9, 0.9)])], score_thr=0.5)
    assert only['centroid/f1'] == 1 and np.isnan(only['centroid/hard_negative_f1'])


def test_first_named_class_is_the_headline():
    found = evaluate([sample(1, [(100, 100)], [(100, 100, 0.9)], labels=[1], truth_labels=[1])], score_thr=0.5,
                     report=['hard negative'])
    assert found['centroid/tp'] == 1 and not [key for key in found if 'hard' in key or 'mitotic' in key]


@pytest.mark.parametrize(('radius', 'um_per_px', 'hit'), [
    ('7.5um', (0.25, 0.25), True),  # 30 px along y are 7.5 um, inclusive
    ('7.5um', (0.25, 0.26), False),  # pixels that are not square
    ('7.5um', (0.26, 0.25), True),
    ('30px', None, True),
    ('29.9px', (0.1, 0.1), False),
])
def test_radius(radius, um_per_px, hit):
    found = evaluate([sample(1, [(100, 100)], [(100, 130, 0.9)], um_per_px=um_per_px)], radius=radius)
    assert found['centroid/tp'] == hit


def test_truth_without_centroid_is_the_boxs_centre_and_crowds_are_no_truth():
    assert evaluate([sample(1, [(100, 100)], [(100, 100, 0.9)], centroid=False)], radius='1px')['centroid/tp'] == 1
    crowd = [dict(bbox=[75, 75, 125, 125], bbox_label=0, ignore_flag=1)]
    found = evaluate([sample(1, instances=crowd)])
    assert found['centroid/fn'] == found['centroid/tp'] == 0


def test_per_scanner_and_domain_at_the_one_threshold():
    found = evaluate([sample(1, [(100, 100)], [(100, 100, 0.9)], scanner='Aperio CS2/x', domain=None),
                      sample(2, [(100, 100)], [(300, 100, 0.8)], scanner='Hamamatsu XR', domain='canine')], score_thr=0.5)
    assert (found['centroid/scanner_aperio_cs2_x_f1'], found['centroid/scanner_hamamatsu_xr_f1']) == (1, 0)
    assert found['centroid/scanner_hamamatsu_xr_fp'] == found['centroid/scanner_hamamatsu_xr_fn'] == 1
    assert (found['centroid/domain_unknown_tp'], found['centroid/domain_canine_tp']) == (1, 0)
    assert not [key for key in evaluate([sample(1)]) if 'scanner' in key], 'one group is the whole'


@pytest.mark.parametrize('samples', [
    [],  # an empty dataset
    [sample(1), sample(2)],  # neither truth nor predictions
    [sample(1, [(9, 9)])],  # no predictions
    [sample(1, [], [(9, 9, 0.5)])],  # no truth
])
@pytest.mark.parametrize('score_thr', [None, 0.5])
def test_empties(samples, score_thr, tmp_path):
    found = evaluate(samples, score_thr=score_thr, show_dir=str(tmp_path), out_json=str(tmp_path / 'out.json'))
    truths = sum(len(each.instances) for each in samples)
    assert (found['centroid/tp'], found['centroid/fn']) == (0, truths)
    assert found['centroid/f1'] == 0 if truths or found['centroid/fp'] else np.isnan(found['centroid/f1'])
    assert (tmp_path / 'precision_recall.png').is_file()


def test_one_entry_an_image_and_each_image_once():
    metric = CentroidMetric()
    metric.dataset_meta = dict(classes=CLASSES)
    batch = [sample(1, [(9, 9)], [(9, 9, 0.5)]), sample(2), sample(3, broken='x'), sample(4, labelled=False)]
    metric.process(None, [each.to_dict() for each in batch])
    assert len(metric.results) == 4
    # the sampler's padding repeats images; the same id in another folder is another image
    again = [sample(1, [(9, 9)], [(9, 9, 0.5)]), sample(1, [(9, 9)], [(9, 9, 0.5)]), sample(1, [(9, 9)], img_path='other.png')]
    found = evaluate(again)
    assert (found['centroid/tp'], found['centroid/fp'], found['centroid/fn'], found['centroid/frames']) == (1, 0, 1, 2)


def test_broken_and_unlabelled_frames_are_counted_not_scored(caplog):
    samples = [sample(1, [(9, 9)], [(9, 9, 0.5)]),
               sample(2, [(9, 9)], [(90, 90, 0.5)], broken='2.png: damaged', um_per_px=None),
               sample(3, [], [(90, 90, 0.5)], labelled=False, instances=None)]
    found = evaluate(samples)
    assert {key: found[f'centroid/{key}'] for key in ('tp', 'fp', 'fn', 'frames', 'frames_skipped', 'frames_unlabelled')} == dict(
        tp=1, fp=0, fn=0, frames=1, frames_skipped=1, frames_unlabelled=1)
    assert '2.png: damaged' in logged(caplog, samples)


def test_what_is_missing_or_wrong_is_named():
    with pytest.raises(ValueError, match=r"1\.png.*'instances'.*meta_keys"):
        evaluate([sample(1, instances=None)])
    with pytest.raises(ValueError, match=r'1\.png has no usable pixel size'):
        evaluate([sample(1, um_per_px=None)])
    with pytest.raises(ValueError, match=r'1\.png: scores'):
        evaluate([sample(1, [], [(9, 9, float('nan'))])])
    with pytest.raises(ValueError, match=r"class number 2.*num_classes=2"):
        evaluate([sample(1, [], [(9, 9, 0.5)], labels=[2])])
    with pytest.raises(ValueError, match="'Mitose'"):
        evaluate([sample(1)], report=['Mitose'])
    for wrong in (dict(radius='7.5'), dict(matching='nearest'), dict(score_thr='0.5'), dict(classes='mitotic figure')):
        with pytest.raises(ValueError, match=next(iter(wrong.values()))):
            CentroidMetric(**wrong)


def test_half_precision_predictions():
    made = sample(1, [(100, 100)], [(100, 100, 0.5)])
    made.pred_instances = InstanceData(bboxes=made.pred_instances.bboxes.bfloat16(), scores=made.pred_instances.scores.bfloat16(),
                                       labels=made.pred_instances.labels)
    assert read_sample(made.to_dict()).centroids.tolist() == [[100, 100]]


def test_out_json_holds_every_detection(tmp_path):
    out = tmp_path / 'new' / 'out.json'
    evaluate([sample(1, [(9, 9)], [(110, 100, 0.75), (300, 200, 0.01)], labels=[0, 1]), sample(2, broken='why'),
              sample(3, labelled=False, um_per_px=None)], out_json=str(out))
    content = json.loads(out.read_text())
    assert content['classes'] == list(CLASSES)
    assert [frame['file_name'] for frame in content['frames']] == ['1.png', '3.png']
    first = content['frames'][0]
    assert (first['width'], first['height'], first['um_per_px'], first['scanner']) == (500, 400, [0.25, 0.25], 'S')
    assert first['points'][0] == dict(x=110, y=100, score=0.75, label='mitotic figure', box=[85, 75, 135, 125])
    assert first['points'][1]['label'] == 'hard negative'
    assert content['skipped'] == [dict(file_name='2.png', reason='why')]


def test_pictures_of_the_frames_with_most_errors(tmp_path):
    paths = [tmp_path / 'frames' / case / '01.png' for case in 'abc'] + [tmp_path / 'frames' / 'gone.png']
    samples = [sample(number, [(100, 100)] * number, [], img_path=str(path)) for number, path in enumerate(paths)]
    for path in paths[:3]:
        path.parent.mkdir(parents=True)
        Image.new('RGB', (500, 400), 'white').save(path)
    evaluate(samples, show_dir=str(tmp_path / 'show'), show_most=3)  # a picture that cannot be read costs only itself
    assert sorted(path.name for path in (tmp_path / 'show').iterdir()) == ['b_01.jpg', 'c_01.jpg', 'precision_recall.png']
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='cannot be written'):
        evaluate(samples, show_dir=str(tmp_path / 'file'))


def test_masks_stand_in_the_file_and_on_the_pictures(tmp_path):
    masks = np.zeros((2, 400, 500), bool)
    masks[0, 92:108, 92:108], masks[1, 290:310, 190:210] = True, True
    made = sample(1, [(100, 100)], [(100, 100, 0.9), (200, 300, 0.8)], img_path=str(tmp_path / 'a.png'))
    Image.new('RGB', (500, 400), 'gray').save(tmp_path / 'a.png')
    results = []
    for kind in (masks, FrameMasks([encode(mask, (0, 0), (500, 400)) for mask in masks], 400, 500), None):
        folder = tmp_path / str(len(results))
        if kind is None:
            del made.pred_instances.masks
        else:
            made.pred_instances.masks = kind
        evaluate([made], show_dir=str(folder), out_json=str(folder / 'out.json'), score_thr=0.5)
        points = json.loads((folder / 'out.json').read_text())['frames'][0]['points']
        results.append(([point.get('mask') for point in points], np.array(Image.open(folder / 'a.jpg')).astype(int)))
    (bitmaps, picture), (lengths, same), (none, bare) = results
    assert bitmaps == lengths and none == [None, None] and (picture == same).all()
    assert [coco_mask.area(mask) for mask in bitmaps] == [256, 400]
    scale, strip = 2, picture.shape[0] - 800
    hit, alarm = ((picture - bare)[strip + y * scale, x * scale] for x, y in ((91, 100), (189, 300)))
    assert hit[1] > 40 > hit[0] and alarm[0] > 40 > alarm[1], 'green around the hit, red around the false positive'
    assert abs(picture - bare)[strip + 600, 400].max() < 20, 'what lies inside stays'


def _rank(rank, folder, count):
    os.chdir(folder)  # mmengine collects through a folder in the current one
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    samples = some_samples()[:count]
    mine = [samples[index] for index in DefaultSampler(samples, shuffle=False)]
    Path(f'{rank}.json').write_text(json.dumps([len(mine), evaluate(mine, size=count)]))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_processes_give_what_one_gives(tmp_path):
    mp.start_processes(_rank, (str(tmp_path), 5), nprocs=2, start_method='fork')
    alone = evaluate(some_samples())
    ranks = [json.loads((tmp_path / f'{rank}.json').read_text()) for rank in range(2)]
    assert [length for length, _ in ranks] == [3, 3], 'five images on two ranks: one is repeated'
    for _, found in ranks:
        np.testing.assert_equal(found, alone)
    assert alone['centroid/frames'] == 5 and 0 < alone['centroid/f1'] < 1


def test_save_best_takes_the_highest_f1(tmp_path):
    hook = CheckpointHook(save_best='centroid/f1', rule='greater')
    assert hook.rule_map['greater'](evaluate(some_samples())['centroid/f1'], 0.0)
    assert not hook.rule_map['greater'](evaluate([])['centroid/f1'], -np.inf), 'a set without truth never makes a best checkpoint'
