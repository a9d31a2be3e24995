"""Stain normalisation: how fast and with what memory against other libraries, how equal, what a sample costs, what it does to scanners.

    python benchmarks/stain.py data --sheet scanners.png

DATA holds icpr2012/, mitos_atypia14/ and stain/ (tests name the files). Peers: pip install staintools==2.1.2 spams-bin torchstain
torch-staintools; one that is absent is left out. Each line of the first table runs in a process of its own.
"""

import argparse
import ctypes
import functools
import itertools
import multiprocessing
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import wasserstein_distance
from skimage.color import deltaE_ciede2000, rgb2lab

from mitos_mmdet.core.console import run
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.stain import METHODS, StainNormalizer, estimate_stain
from mitos_mmdet.stain.estimation import MAX_PIXELS

FRAMES = ('icpr2012/A00_01.jpg', 'mitos_atypia14/H05/frames/x40/H05_00Ab.jpg', 'stain/source.png')
SCANNERS = ('3dhistech', 'aperio', 'leica', 'nz2', 'nz210')
REPEATS = 5
# staintools' dictionary learning stops after one second, wherever it is; with so many steps it has arrived.
STEPS = 10_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path)
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--cpu-time', action='store_true', help='count CPU seconds, not those that pass: for a machine that others use')
    parser.add_argument('--sheet', type=Path, help='write the scanners before and after as a picture')
    args = parser.parse_args()
    if not (args.data / FRAMES[0]).is_file():
        raise ValueError(f'{args.data / FRAMES[0]}: no such file. Give the folder of the contests')
    os.environ |= dict.fromkeys(('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'), str(args.threads))
    clock = 'process_time' if args.cpu_time else 'perf_counter'
    speed('macenko', MACENKO, (512, 1024, 2048), args.data / FRAMES[0], args.threads, clock)
    speed('vahadane', VAHADANE, (512, ), args.data / FRAMES[0], args.threads, clock)
    equality(args.data)
    sampling(args.data, clock)
    scanners(args.data / 'stain/five_scanners', args.sheet)


def speed(method, libraries, sizes, frame, threads, clock):
    print(f'\n{method}, {threads} threads; seconds ({clock}), best of {REPEATS}')
    print('  px  library                     estimate    apply     both  both Mpx/s  apply Mpx/s  ratio  MiB')
    for size in sizes:
        slowest = None
        for name, make in libraries.items():
            # A fresh process each, so that memory and threads are its own.
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
                found = pool.submit(measure, make, frame, size, threads, clock).result()
            if isinstance(found, str):
                print(f'{size:4d}  {name:26s}  left out: {found}')
                continue
            estimate, apply, both, peak = found
            slowest = slowest or both
            cells = [f'{apply:.4f}' if apply else '-', f'{both:.4f}']
            cells += [f'{size**2 / seconds / 1e6:.1f}' if seconds else '-' for seconds in (both, apply)]
            print(f'{size:4d}  {name:26s} {estimate:9.4f} {cells[0]:>8s} {cells[1]:>8s} {cells[2]:>11s} {cells[3]:>12s} '
                  f'{slowest / both:5.1f}x {peak:5.0f}', flush=True)


def measure(make, frame, size, threads, clock):
    """``(estimate, apply or None, both, peak MiB)`` of a library in this process, or why not."""
    import cv2
    cv2.setNumThreads(threads)
    image = np.ascontiguousarray(read_rgb(frame)[:size, :size])
    try:
        estimate, apply, both = make(image)
    except ImportError as error:
        return str(error)
    both()
    ctypes.CDLL(None).malloc_trim(0)
    Path('/proc/self/clear_refs').write_text('5')  # forget the peak so far
    before = memory('VmRSS')
    both()
    peak = memory('VmHWM') - before
    return best(estimate, clock), best(apply, clock) if apply else None, best(both, clock), peak


def memory(key):
    return int(re.search(rf'{key}:\s+(\d+)', Path('/proc/self/status').read_text())[1]) / 1024


def best(function, clock):
    seconds, now = [], getattr(time, clock)
    for _ in range(REPEATS):
        start = now()
        function()
        seconds.append(now() - start)
    return min(seconds)


# Each gives functions of no arguments: estimate, apply with a known estimate (None where the library has none), both.

def ours(method, max_pixels, image):
    normalizer = StainNormalizer.default(method)
    source = normalizer.estimate(image, max_pixels)
    return (lambda: normalizer.estimate(image, max_pixels), lambda: normalizer.apply(image, source),
            lambda: normalizer.apply(image, normalizer.estimate(image, max_pixels)))


def by_staintools(method, image):
    import staintools
    from staintools.miscellaneous.get_concentrations import get_concentrations
    theirs = staintools.StainNormalizer(method)
    theirs.fit(image)
    matrix = theirs.stain_matrix_target

    def apply():
        return (255 * np.exp(-get_concentrations(image, matrix) @ matrix)).reshape(image.shape).astype(np.uint8)
    return lambda: theirs.fit(image), apply, lambda: theirs.transform(image)


def by_torchstain(backend, image):
    import torch
    import torchstain
    theirs = torchstain.normalizers.MacenkoNormalizer(backend=backend)
    given = image if backend == 'numpy' else torch.from_numpy(image).permute(2, 0, 1)
    theirs.fit(given)
    return lambda: theirs.fit(given), None, lambda: theirs.normalize(given, stains=False)


def by_torch_staintools(method, image):
    import torch
    from torch_staintools.normalizer import NormalizerBuilder
    theirs = NormalizerBuilder.build(method)
    given = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    theirs.fit(given)
    return lambda: theirs.fit(given), None, lambda: theirs(given)


def table(method, *peers):
    rows = {'staintools': functools.partial(by_staintools, method)} | dict(peers)
    rows['torch-staintools'] = functools.partial(by_torch_staintools, method)
    rows['ours, every pixel'] = functools.partial(ours, method, None)
    return rows | {'ours, default sample': functools.partial(ours, method, MAX_PIXELS)}


MACENKO = table('macenko', *((f'torchstain {backend}', functools.partial(by_torchstain, backend)) for backend in ('numpy', 'torch')))
VAHADANE = table('vahadane')


def equality(data):
    """Pixels that are more than one grey level from staintools', in %."""
    try:
        import spams
        import staintools
    except ImportError as error:
        print(f'\nequality: left out: {error}')
        return
    print('\nevery pixel, against staintools: % of pixels more than 1 grey level apart, largest')
    target, original = np.ascontiguousarray(read_rgb(data / 'stain/target.png')[:400, :400]), spams.trainDL
    for method, how, train in (('macenko', '', original), ('vahadane', 'as it is (one second)', original),
                               ('vahadane', f'with {STEPS} steps', functools.partial(original, iter=STEPS, numThreads=1))):
        spams.trainDL = train
        for frame in FRAMES:
            image = np.ascontiguousarray(read_rgb(data / frame)[:512, :512])
            theirs = staintools.StainNormalizer(method)
            theirs.fit(target.copy())
            expected = theirs.transform(image.copy())
            normalizer = StainNormalizer.fit(target, method, None)
            apart = np.abs(normalizer.apply(image, normalizer.estimate(image, None)).astype(int) - expected).max(axis=2)
            print(f'{method:9s} {how:22s} {frame:45s} {100 * (apart > 1).mean():7.3f} {apart.max():4d}', flush=True)
    spams.trainDL = original


def sampling(data, clock):
    print('\ncost of a sample on whole frames: grey levels from the result with every pixel, mean / 99.9th percentile; ms to estimate')
    print('method       max_pixels  ' + '  '.join(f'{Path(frame).stem:>18s}' for frame in FRAMES[:2]))
    for method in METHODS:
        normalizer = StainNormalizer.default(method)
        for most in (10_000, 50_000, 100_000, 200_000, 500_000):
            cells = []
            for frame in FRAMES[:2]:
                image = read_rgb(data / frame)
                exact = normalizer.apply(image, normalizer.estimate(image, None)).astype(int)
                apart = np.abs(normalizer.apply(image, normalizer.estimate(image, most)) - exact)
                milliseconds = 1000 * best(functools.partial(normalizer.estimate, image, most), clock)
                cells.append(f'{apart.mean():5.2f} / {np.percentile(apart, 99.9):2.0f} {milliseconds:6.1f}')
            print(f'{method:9s} {most:13d}  ' + '  '.join(f'{cell:>18s}' for cell in cells), flush=True)


def scanners(folder, sheet):
    print('\none region on five scanners, mean (greatest) over their ten pairs: CIEDE2000 of the mean colours; earth mover\'s distance of '
          'the\nhistograms of R, G, B in grey levels')
    before = [read_rgb(folder / f'{name}.png')[:236, :236] for name in SCANNERS]
    columns = {'before': before}
    for method in METHODS:
        normalizer = StainNormalizer.default(method)
        columns[method] = [normalizer.apply(image, estimate_stain(image, method)) for image in before]
    for name, images in columns.items():
        means = [rgb2lab(image).mean(axis=(0, 1)) for image in images]
        colours = [deltaE_ciede2000(one, other) for one, other in itertools.combinations(means, 2)]
        histograms = [np.mean([wasserstein_distance(one[..., colour].ravel(), other[..., colour].ravel()) for colour in range(3)])
                      for one, other in itertools.combinations(images, 2)]
        print(f'{name:9s} {np.mean(colours):6.2f} ({np.max(colours):5.2f})  {np.mean(histograms):6.2f} ({np.max(histograms):5.2f})')
    if sheet:
        Image.fromarray(np.concatenate([np.concatenate(images, axis=1) for images in columns.values()])).save(sheet)


if __name__ == '__main__':
    run(main)
