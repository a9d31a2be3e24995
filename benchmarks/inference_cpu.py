"""One frame on a CPU: mmdet's eager forward pass against OpenVINO, same checkpoint, same tiles, in one run.

    python benchmarks/inference_cpu.py data/atypia14/H05/frames/x40/H05_00Ab.jpg --um-per-px 0.2274

Each line is the best of some repeats, interleaved. CPU seconds are what counts on
a machine that others use: on N quiet cores a frame takes about the CPU seconds / N. Beside OpenVINO torch has one thread,
as in mitos detect.
"""

import argparse
import os
import time

import numpy as np
import torch

from mitos_mmdet.core.console import run
from mitos_mmdet.model_zoo import load_model
from mitos_mmdet.model_zoo.load_model import PRECISIONS
from mitos_mmdet.slides import detect, open_slide


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frame')
    parser.add_argument('--model', nargs='+', default=[], help='bundled name, or CONFIG CHECKPOINT (default: the bundled one)')
    parser.add_argument('--um-per-px', type=float)
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--tile-size', type=int, nargs='+', default=[640, 1024])
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    plain = load_model(*args.model, device='cpu', engine='torch')
    plain.network.detector.to(memory_format=torch.contiguous_format)
    models = {'eager': plain, 'eager, channels last': load_model(*args.model, device='cpu', engine='torch'),
              **{f'OpenVINO, {each}': load_model(*args.model, device='cpu', engine='openvino', threads=args.threads, precision=each)
                 for each in PRECISIONS}}
    print(f'{args.threads} threads, best of {args.repeats}; load of the machine before: {os.getloadavg()[0]:.1f}')
    print('tile  engine                 seconds  CPU s  ratio of CPU s  detections  boxes off (px)  scores off')
    for size in args.tile_size:
        compare(args, models, size)
    print(f'load of the machine after: {os.getloadavg()[0]:.1f}')


def compare(args, models, size):
    """One line per engine, at one tile size."""
    times, found = {name: [] for name in models}, {}
    for _ in range(args.repeats + 1):  # the first one compiles
        for name, model in models.items():
            found[name], *spent = timed_detect(args, model, size)
            times[name].append(spent)
    eager = np.min(times['eager'][1:], axis=0)[1]
    for name, one in found.items():
        seconds, cpu = np.min(times[name][1:], axis=0)
        boxes = scores = np.nan
        if len(one) == len(found['eager']):
            places = [np.lexsort(each.boxes.round().T) for each in (one, found['eager'])]  # scores that are nearly equal change places
            boxes, scores = (np.abs(getattr(one, part)[places[0]] - getattr(found['eager'], part)[places[1]]).max(initial=0)
                             for part in ('boxes', 'scores'))
        print(f'{size:4d}  {name:21s} {seconds:8.3f} {cpu:6.3f} {eager / cpu:15.2f} {len(one):11d} {boxes:15.5f} {scores:11.6f}')


def timed_detect(args, model, size):
    """Opens, decodes, detects, merges: ``(detections, seconds, CPU seconds)`` of all that a user waits for once the model is loaded."""
    torch.set_num_threads(1 if model.engine == 'openvino' else args.threads)
    start, cpu = time.perf_counter(), time.process_time()
    with open_slide(args.frame, um_per_px=args.um_per_px) as slide:
        found = detect(slide, model, tile_size=size)
    return found, time.perf_counter() - start, time.process_time() - cpu


if __name__ == '__main__':
    run(main)
