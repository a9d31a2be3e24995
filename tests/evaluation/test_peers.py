"""Against the contests' own peers: the package behind evalutils' ``score_detection``, and torchmetrics."""

import json

import numpy as np
import pytest
import torch
from grand_challenge_metrics.scorers import score_detection
from torchmetrics.detection.mean_ap import MeanAveragePrecision

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.box_ap import REACH, rank_by_boxes
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.hit_curve import RankedFrames
from mitos_mmdet.evaluation.matching import match, pairs_within
from mitos_mmdet.evaluation.sweep import sweep

RADIUS = Length.parse('7.5um')
HALF_SIDE_MM = 0.01125  # as in MIDOG 2025's evaluator


def counts(truths, preds, radius):
    found = score_detection(ground_truth=truths.tolist(), predictions=preds.tolist(), radius=radius)
    return found.true_positives, found.false_positives, found.false_negatives


def random_points(rng, kind):
    """Truths and predictions on a coarse grid (ties, points at the very radius), in clusters, or anywhere; some are empty."""
    sizes = rng.integers(0, rng.choice([3, 8, 40]), 2)
    if kind == 'ties':
        return [rng.integers(0, 6, (size, 2)).astype(float) for size in sizes]
    if kind == 'clusters':
        return [rng.choice([0.0, 6.0], (size, 1)) + rng.normal(0, 1, (size, 2)) for size in sizes]
    return [rng.uniform(0, 8, (size, 2)) for size in sizes]


def test_midog_matching_equals_score_detection_on_10000_cases():
    rng = np.random.default_rng(0)
    empty, undecided = 0, 0
    for number in range(10_000):
        truths, preds = random_points(rng, ('ties', 'clusters', 'anywhere')[number % 3])
        found = match(truths, preds, 2.0)
        hits = int((found.truth_to_pred >= 0).sum())
        ours = hits, int(found.false_positive.sum()), len(truths) - hits
        if ours != counts(truths, preds, 2.0):
            # Four detections or more near a truth, some at one distance: the peer's sorting is not stable, and its counts depend
            # on the order of the detections. Ours are those of one such order.
            undecided += 1
            assert any(counts(truths, rng.permutation(preds), 2.0) == ours for _ in range(50)), (truths, preds)
        empty += not len(truths) or not len(preds)
    assert undecided <= 2 and empty > 500


def test_sweep_equals_score_detection_at_every_threshold():
    frames = random_frames(np.random.default_rng(1), 6, decimals=2)
    curve = sweep(frames, RADIUS)
    assert len(curve.thresholds) > 30
    for position, threshold in enumerate(curve.thresholds):
        pooled = np.sum([counts(frame.truth_xy * frame.um_per_px, (frame.pred_xy * frame.um_per_px)[frame.pred_scores >= threshold], 7.5)
                         for frame in frames], axis=0)
        assert [curve.tp[position], curve.fp[position], curve.fn[position]] == pooled.tolist()


def random_frames(rng, count, decimals=None):
    """Frames of 50 um to 500 um with figures on whole px and near detections; scores of few decimals tie."""
    frames = []
    for number in range(count):
        side = rng.choice([200, 800, 2000])
        truths = rng.integers(0, side, (rng.integers(0, 12), 2)).astype(float)
        preds = np.concatenate([truths + rng.integers(-25, 26, truths.shape), rng.integers(0, side, (rng.integers(0, 12), 2))])
        scores = rng.random(len(preds))
        frames.append(Frame(truths, preds, scores if decimals is None else scores.round(decimals), (0.25, 0.25), f'{number:03d}.png'))
    return frames


def map_50(frames, half=HALF_SIDE_MM, um_per_px=0.25, unit=1000):
    """torchmetrics' figure, set up as MIDOG 2025's evaluator does, but for the IoU thresholds that are not asked for."""
    metric = MeanAveragePrecision(box_format='xyxy', iou_type='bbox', iou_thresholds=[0.5, 0.75],
                                  max_detection_thresholds=[1, 10, 1_000_000], rec_thresholds=np.arange(0, 1.01, 0.01).tolist())
    for frame in frames:
        truths, preds = (torch.tensor(np.concatenate([xy - half, xy + half], axis=1), dtype=torch.float32)
                         for xy in (frame.truth_xy * um_per_px / unit, frame.pred_xy * um_per_px / unit))
        metric.update([dict(boxes=preds, labels=torch.ones(len(preds), dtype=torch.int),
                            scores=torch.tensor(frame.pred_scores, dtype=torch.float32))],
                      [dict(boxes=truths, labels=torch.ones(len(truths), dtype=torch.int))])
    return metric.compute()['map_50'].item()


def box_ap(frames, radius=RADIUS):
    """Ours, to the digits that torchmetrics gives."""
    rankings = [rank_by_boxes(frame, pairs_within(*frame.scaled(radius), radius.value * REACH), radius) for frame in frames]
    ranked = RankedFrames([frame.pred_scores.astype(np.float32) for frame in frames], rankings, one_by_one=True)
    curve = ranked.curve(np.arange(len(frames)), np.arange(len(frames)), len(frames))
    truths = np.array([sum(len(frame.truth_xy) for frame in frames)])
    return float(np.float32(curve.average_precision_101(np.ones((len(frames), 1)), truths)[0]))


@pytest.mark.parametrize('decimals', [
    None,  # no two scores alike
    1,  # scores tie, within frames and across
])
def test_box_ap_equals_torchmetrics_on_random_frames(decimals):
    rng = np.random.default_rng(2)
    for _ in range(60):
        frames = random_frames(rng, rng.integers(1, 6), decimals)
        expected = map_50(frames)
        if expected == -1:
            assert np.isnan(box_ap(frames)), 'no truth: torchmetrics says -1, here it is nan'
        else:
            assert box_ap(frames) == expected


def test_of_equal_overlaps_the_last_truth_is_taken_as_in_pycocotools():
    # The first detection overlaps both truths alike; the second reaches the last truth alone, and finds it taken.
    frames = [Frame([[100, 100], [140, 100]], [[120, 100], [165, 100]], [0.9, 0.8])]
    assert box_ap(frames, Length.parse('30px')) == pytest.approx(51 / 101)
    for _ in range(2):
        assert box_ap(frames, Length.parse('30px')) == map_50(frames, half=45, um_per_px=1, unit=1)
        frames[0].truth_xy = frames[0].truth_xy[::-1]
    # The same on grids full of ties.
    rng = np.random.default_rng(5)
    for _ in range(40):
        frames = [Frame(rng.integers(0, 8, (6, 2)) * 10, rng.integers(0, 8, (9, 2)) * 10, rng.random(9)) for _ in range(3)]
        assert box_ap(frames, Length.parse('30px')) == map_50(frames, half=45, um_per_px=1, unit=1)


def test_scores_that_only_float64_can_tell_apart_tie_as_in_torchmetrics():
    frames = [Frame([[0, 0]], [[400, 0]], [0.5], (0.25, 0.25)), Frame([[0, 0]], [[0, 0]], [0.5 + 1e-12], (0.25, 0.25))]
    assert box_ap(frames) == map_50(frames) == np.float32(0.5 * 51 / 101)


def midog_frames(folder, most):
    """Real truth, detections beside it and elsewhere."""
    content = json.loads((folder / 'midog/MIDOG++.json').read_text())
    rng = np.random.default_rng(3)
    frames = []
    for image in content['images'][:most]:
        boxes = np.array([each['bbox'] for each in content['annotations'] if each['image_id'] == image['id'] and each['category_id'] == 1])
        truths = (boxes.reshape(-1, 4)[:, :2] + boxes.reshape(-1, 4)[:, 2:]) / 2
        preds = np.concatenate([truths + rng.normal(0, 15, truths.shape), rng.uniform(0, 5000, (20, 2))])
        frames.append(Frame(truths, preds, rng.random(len(preds)), (0.25, 0.25), image['file_name']))
    return frames


def test_box_ap_equals_torchmetrics_on_real_labels(shared_data):
    frames = midog_frames(shared_data, 150)
    expected = map_50(frames)
    assert 0.1 < expected < 0.9
    assert box_ap(frames) == expected == np.float32(evaluate(frames, resamples=0).overall.box_ap.value)


def test_equals_the_contests_own_results(shared_data):
    """The sample submission of MIDOG 2025's evaluator, and what that made of it: all points are called mitoses there."""
    folder = shared_data / 'grand_challenge/midog2025_t1_eval'
    truth, metrics = (json.loads((folder / name).read_text()) for name in ('ground_truth/ground_truth.json', 'test/output/metrics.json'))
    frames = []
    for result in metrics['results']:
        known, preds = truth[result['image']], np.array(result['pred'])
        frames.append(Frame(np.array(known['annotations'])[:, :2] * 1000, preds[:, :2] * 1000, preds[:, 4], (1, 1), result['image'],
                            domain=f"tumor_{known['tumor domain']}_", region_type=f"roi_type_{known['roi type']}_"))
    found = evaluate(frames, threshold=0.0, resamples=0)
    every = {'': found.overall, **found.groups['domain'], **found.groups['region_type']}
    assert len(every) == 6
    for name, scores in every.items():
        assert float(np.float32(scores.box_ap.value)) == metrics['aggregates'][f'{name}AP']
        for ours, theirs in (('precision', 'precision'), ('recall', 'recall'), ('f1', 'f1' if name else 'f1_score')):
            assert getattr(scores, ours).value == pytest.approx(metrics['aggregates'][name + theirs], abs=2e-6)  # they add 1e-6


def contest_froc(frames):
    """MIDOG 2025's ``froc_auc`` by its definition: 40 thresholds, ``score_detection`` on every frame at each."""
    scores = np.concatenate([frame.pred_scores for frame in frames])
    recall, per_image = [], []
    for threshold in np.unique(np.linspace(scores.min(), scores.max(), 40)):
        found = np.array([counts(frame.truth_xy / 4000, frame.pred_xy[frame.pred_scores >= threshold] / 4000, 7.5e-3) for frame in frames])
        tp, fp, fn = found.sum(axis=0)
        recall.append(tp / (tp + fn + 1e-6))
        per_image.append(fp / len(frames))
    order = np.argsort(per_image)
    points = np.linspace(0, 8, 50)
    heights = np.interp(points, np.array(per_image)[order], np.array(recall)[order], left=0, right=recall[order[-1]])
    return sum((points[1:] - points[:-1]) * (heights[1:] + heights[:-1]) / 2)


def test_midog25_froc_area_equals_a_loop_over_score_detection():
    rng = np.random.default_rng(4)
    for decimals in (None, None, None, 1, 0):  # the last: all scores are 0 or 1
        frames = random_frames(rng, 5, decimals)
        found = evaluate(frames, RADIUS, resamples=0).overall.froc_area_midog25.value
        assert found == pytest.approx(contest_froc(frames), abs=1e-12) and 0.1 < found < 7.9
    frames = [Frame(frame.truth_xy, frame.pred_xy, np.full(len(frame.pred_xy), 0.5), (0.25, 0.25)) for frame in frames]
    assert evaluate(frames, RADIUS, resamples=0).overall.froc_area_midog25.value == pytest.approx(contest_froc(frames), abs=1e-12)
