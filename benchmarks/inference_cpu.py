"""One frame on a CPU: mmdet's eager forward pass against OpenVINO, same checkpoint, same tiles, in one run.

    python benchmarks/inference_cpu.py ../shared/data/mitos_atypia14/H05/frames/x40/H05_00Ab.jpg --um-per-px 0.2274

Each line is the best of some repeats, interleaved, with the file already decoded or not, as the columns say. CPU seconds are what counts on
a machine that others use: on N quiet cores a frame takes about the CPU seconds / N.
"""

import argparse
import os
import time

import numpy as np

from mitos_mmdet.core.console import run
from mitos_mmdet.model_zoo import load_model
from mitos_mmdet.slides import detect, open_slide


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frame')
    parser.add_argument('--model', nargs='+', default=[], help='bundled name, or CONFIG CHECKPOINT (default: the bundled one)')
    parser.add_argument('--um-per-px', type=float)
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--tile-size', type=int, nargs='+', default=[512, 1024])
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    plain = load_model(*args.model, device='cpu', engine='torch')
    plain.network.detector.to(memory_format=torch.contiguous_format)
    models = {'eager': plain, 'eager, channels last': load_model(*args.model, device='cpu', engine='torch'),
              'OpenVINO': load_model(*args.model, device='cpu', engine='openvino', threads=args.threads)}
    print(f'{args.threads} threads, best of {args.repeats}; load of the machine before: {os.getloadavg()[0]:.1f}')
    print('tile  engine                 seconds  CPU s  ratio of CPU s  detections  boxes off (px)  scores off')
    for size in args.tile_size:
        best, found = {}, {}
        for _ in range(args.repeats + 1):  # the first one compiles
            for name, model in models.items():
                best.setdefault(name, []).append(measured(lambda model=model: found_in(args, model, size, found)))
        for name in models:
            seconds, cpu = np.min(best[name][1:], axis=0)
            eager = np.min(best['eager'][1:], axis=0)[1]
            one, other = found[models['eager'].network], found[models[name].network]
            same = len(one) == len(other)
            off = (np.abs(one.boxes - other.boxes).max(initial=0), np.abs(one.scores - other.scores).max(initial=0)) if same else (np.nan, ) * 2
            print(f'{size:4d}  {name:21s} {seconds:8.3f} {cpu:6.3f} {eager / cpu:15.2f} {len(other):11d} {off[0]:15.5f} {off[1]:11.6f}')
    print(f'load of the machine after: {os.getloadavg()[0]:.1f}')


def found_in(args, model, size, found):
    """Opens, decodes, detects, merges: all that a user waits for once the model is loaded."""
    with open_slide(args.frame, um_per_px=args.um_per_px) as slide:
        found[model.network] = detect(slide, model, tile_size=size)


def measured(work):
    """``(seconds, CPU seconds)``."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == '__main__':
    run(main)
