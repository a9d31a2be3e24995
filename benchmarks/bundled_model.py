"""The bundled model on labelled frames, as `mitos detect` runs it, scored by MIDOG's rule.

    mitos convert mitos-atypia-14 data/atypia14 --out data/atypia14/annotations.json --split hamamatsu
    python benchmarks/bundled_model.py data/atypia14 data/atypia14/annotations_val.json --cache work_dirs/bundled
    python benchmarks/bundled_model.py data/atypia14 data/atypia14/annotations_val.json --cache work_dirs/bundled --um-per-px 0.5

--um-per-px first resamples each frame's pixels by area, as a scanner of that pixel size might give them.
With --cache a run that was stopped (--seconds stops it by itself) goes on where it was when it is run again.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from mitos_mmdet.core.console import run
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.evaluation.scoring import score
from mitos_mmdet.interchange.points import FramePoints, PointFile
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.model_zoo import load_model
from mitos_mmdet.model_zoo.load_model import PRECISIONS
from mitos_mmdet.slides.labelled_frames import detect_frame, labelled_frames

RADIUS = '8um'  # contest: MITOS-ATYPIA-14 and ICPR 2012


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frames', type=Path, help='folder of the images')
    parser.add_argument('annotations', type=Path, help='their annotations, as mitos convert writes them')
    parser.add_argument('--model', nargs='+', default=[], help='bundled name, or CONFIG CHECKPOINT (default: the bundled one)')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32')
    parser.add_argument('--um-per-px', type=float, help='resample the frames to this pixel size')
    parser.add_argument('--tile-size', type=int)
    parser.add_argument('--overlap', type=int)
    parser.add_argument('--threshold', type=float, help="operating threshold (default: the model's)")
    parser.add_argument('--bootstrap', type=int, default=1000)
    parser.add_argument('--cache', type=Path, metavar='FOLDER')
    parser.add_argument('--seconds', type=float, default=np.inf, help='stop after this time (status 3)')
    parser.add_argument('--json', type=Path, metavar='FILE')
    args = parser.parse_args()
    truth = read_points(args.annotations, is_truth=True)
    model = load_model(*args.model, device='cpu', precision=args.precision)
    found, cpu = detect_all(args, truth, model)
    if found is None:
        return 3
    result = summarise(args, truth, model, found)
    print(text(result), f'\n{cpu / len(found):.2f} CPU s per frame (now or when it was cached), {model.engine}, {model.precision}')
    if args.json:
        write_json({**result, 'cpu_s_per_frame': cpu / len(found)}, args.json)
    return 0


def detect_all(args, truth, model):
    """``([FramePoints, ...], CPU seconds)`` of all labelled frames; ``(None, None)`` if the time is up."""
    frames, found, total, started = labelled_frames(truth), [], 0.0, time.perf_counter()
    for number, frame in enumerate(frames):
        place = args.cache and args.cache / f'{key_of(args, frame, model)}.json'
        if place is None or not place.is_file():
            if time.perf_counter() - started > args.seconds:
                print(f'{number} of {len(frames)} frames done: run again to go on', file=sys.stderr)
                return None, None
            cpu = time.process_time()
            one = resampled(args, frame, model)
            one = dict(xy=one.xy.tolist(), labels=list(one.labels), scores=one.scores.tolist(), cpu=time.process_time() - cpu)
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                write_json(one, place)
        else:
            one = json.loads(place.read_text())
        total += one['cpu']
        found.append(FramePoints(frame.name, np.reshape(one['xy'], (-1, 2)), np.array(one['labels'], object), np.array(one['scores'])))
    return found, total


def key_of(args, frame, model):
    """What detections of a frame depend on, as a file name."""
    own = (args.frames / frame.name).stat()
    parts = (model.sha256, model.engine, model.precision, model.um_per_px, frame.name, own.st_size, frame.um_per_px, args.um_per_px,
             args.tile_size or model.tile_size, model.overlap if args.overlap is None else args.overlap)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def resampled(args, frame, model):
    """Detections on a frame, in its own px, found on it as it is or resampled to ``args.um_per_px``."""
    how = dict(tile_size=args.tile_size, overlap=args.overlap)
    if args.um_per_px is None:
        return detect_frame(frame, args.frames, model, **how)
    pixels = Image.fromarray(read_rgb(args.frames / frame.name))
    size = tuple(round(side * own / args.um_per_px) for side, own in zip(pixels.size, frame.um_per_px, strict=True))
    shrunk = np.divide(pixels.size, size)
    with tempfile.TemporaryDirectory() as folder:
        pixels.resize(size, Image.Resampling.BOX).save(Path(folder) / 'frame.png', compress_level=1)
        um_per_px = tuple(own * ratio for own, ratio in zip(frame.um_per_px, shrunk.tolist(), strict=True))
        one = detect_frame(dataclasses.replace(frame, name='frame.png', um_per_px=um_per_px), folder, model, **how)
    return dataclasses.replace(one, xy=one.xy * shrunk)


def summarise(args, truth, model, found):
    """The scores at the operating threshold, the best F1 and the AP."""
    threshold = model.threshold if args.threshold is None else args.threshold
    detections = PointFile(args.annotations, 'detected', found)
    evaluation = score(truth, detections, RADIUS, threshold=threshold, resamples=args.bootstrap).evaluations['mitotic figure']
    overall, curve = evaluation.overall, evaluation.curve
    rates = {name: dataclasses.astuple(getattr(overall, name)) for name in ('f1', 'precision', 'recall', 'ap')}
    return dict(model=model.name, sha256=model.sha256, frames=len(found), radius=RADIUS, threshold=threshold, **rates, tp=overall.tp,
                fp=overall.fp, fn=overall.fn, best_f1=float(curve.f1.max(initial=0)), best_threshold=curve.best_threshold)


def text(result):
    """As lines."""
    rates = [f'{name.upper() if len(name) < 3 else name} {value:.3f} ({low:.3f} to {high:.3f})'
             for name, (value, low, high) in ((name, result[name]) for name in ('f1', 'precision', 'recall', 'ap'))]
    return (f"{result['frames']} frames, {RADIUS}, at {result['threshold']:.4f}: {', '.join(rates)}, "
            f"TP {result['tp']} FP {result['fp']} FN {result['fn']}\n"
            f"best F1 {result['best_f1']:.3f} at {result['best_threshold']:.4f}")


if __name__ == '__main__':
    run(main)
