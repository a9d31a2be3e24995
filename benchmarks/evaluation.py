"""How long does an evaluation take on MIDOG++'s labels? And how long would a loop over the contests' own scorer take?

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py data/midog
    OMP_NUM_THREADS=1 python benchmarks/evaluation.py data/midog --detections 2515000 --peer-thresholds 0

Truth: the 503 labelled regions of MIDOG++ (MIDOG++.json and datasets_xvalidation.csv). Detections: 100,000, made up with a seed: most
mitoses, some hard negatives and many places, with scores that overlap. Seconds of one core are those this process used.
"""

import argparse
import resource
import time

import numpy as np
from grand_challenge_metrics.scorers import score_detection

from mitos_mmdet.contests.midog import read
from mitos_mmdet.core.console import run
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.compare import compare
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.sweep import sweep
from mitos_mmdet.evaluation.tables import evaluation_tables

RADIUS = Length.parse('7.5um')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', help='with MIDOG++.json and datasets_xvalidation.csv')
    parser.add_argument('--detections', type=int, default=100_000)
    parser.add_argument('--peer-thresholds', type=int, default=20, help='scores at which the peer is timed, 0 for none (default: 20)')
    args = parser.parse_args()
    frames = _frames(f'{args.folder}/MIDOG++.json', args.detections)
    print(f'{len(frames)} frames, {sum(len(frame.truth_xy) for frame in frames)} mitoses, {args.detections} detections\n')
    print('seconds of one core  of the clock')
    _timed('exact sweep (every score is a threshold)', lambda: sweep(frames, RADIUS))
    _timed('all scores, also by domain, scanner and case, no intervals', lambda: evaluate(frames, RADIUS, resamples=0))
    found = _timed('the same with 1,000 resamples of every score', lambda: evaluate(frames, RADIUS))
    _timed('paired comparison of two models, 1,000 resamples', lambda: compare(found, found))
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB')
    if args.peer_thresholds:
        _peer(frames, found.curve, args.peer_thresholds)
    for table in evaluation_tables(found):
        print('\n' + '\n'.join('  '.join(row) for row in table))


def _frames(path, detections):
    rng = np.random.default_rng(0)
    labelled = [frame for frame in read(path).frames if frame.labelled]
    each = np.full(len(labelled), detections // len(labelled))
    each[:detections % len(labelled)] += 1
    return [_frame(rng, frame, count) for frame, count in zip(labelled, each, strict=True)]


def _frame(rng, frame, detections):
    """A region with mitoses found or not (80 %, 2 um beside), hard negatives taken for them (40 %), and anything anywhere."""
    mitoses, look_alikes = (np.array([label.centroid for label in frame.labels if label.category == name]).reshape(-1, 2)
                            for name in (MITOSIS, HARD_NEGATIVE))
    found = [points[rng.random(len(points)) < share] for points, share in ((mitoses, 0.8), (look_alikes, 0.4))]
    found = [points + rng.normal(0, 2, points.shape) / frame.um_per_px for points in found]
    found.append(rng.uniform(0, frame.size, (max(0, detections - len(found[0]) - len(found[1])), 2)))
    scores = [rng.beta(*shape, len(points)) for shape, points in zip(((5, 2), (2, 4), (1, 8)), found, strict=True)]
    return Frame(mitoses, np.concatenate(found)[:detections], np.concatenate(scores)[:detections], frame.um_per_px, frame.file_name,
                 frame.scanner, frame.domain, frame.case_id, size_px=frame.size, hard_negative_xy=look_alikes)


def _timed(what, function):
    """The quickest of three runs."""
    spent = []
    for _ in range(3):
        core, clock = time.process_time(), time.perf_counter()
        result = function()
        spent.append((time.process_time() - core, time.perf_counter() - clock))
    print(f'{min(core for core, _ in spent):19.2f}  {min(clock for _, clock in spent):12.2f}  {what}')
    return result


def _peer(frames, curve, thresholds):
    """The same counts by the contests' scorer, frame after frame, at a few of the thresholds."""
    chosen = np.linspace(0, len(curve.thresholds) - 1, thresholds).round().astype(int)
    core, disagree = time.process_time(), 0
    for position in chosen:
        tp = fp = 0
        for frame in frames:
            truths, preds = frame.scaled(RADIUS)
            preds = preds[frame.pred_scores >= curve.thresholds[position]]
            score = score_detection(ground_truth=truths.tolist(), predictions=preds.tolist(), radius=RADIUS.value)
            tp, fp = tp + score.true_positives, fp + score.false_positives
        disagree += (tp, fp) != (curve.tp[position], curve.fp[position])
    one = (time.process_time() - core) / thresholds
    print(f'{one * len(curve.thresholds):19.0f}  {"":12}  the sweep by score_detection, estimated: {one:.3f} s a threshold, the mean of '
          f'{thresholds} of them, times {len(curve.thresholds)}; counts differ at {disagree} of the {thresholds}')


if __name__ == '__main__':
    run(main)
