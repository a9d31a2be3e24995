"""Reading slides and finding tissue: MB/s and memory on made-up slides of growing size.

    python benchmarks/slides.py --sides 12500 25000 50000
    python benchmarks/slides.py --sides 12500 25000 50000 --detect-mm2 2

Each slide is a pyramidal TIFF (JPEG tiles of 512 px, levels down to 1/64), a quarter of it tissue-coloured noise, written to a temporary
folder and deleted. Each is measured in a process of its own: the tissue mask, then all tiles of 512 px that hold tissue, at the slide's
own um/px, resampled to 0.263 and from a coarser level at 0.5. CPU seconds of one thread. MB/s of
reading are of the RGB pixels that come out; those of the mask of the whole level 0, which the mask stands for. With --detect-mm2 so much
of each slide is tissue, whatever its size, and all of mitos detect is run on it with the bundled model on one core, every output included.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import tifffile

from mitos_mmdet.core.console import run
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.tissue import tissue_mask

TILE, UM_PER_PX = 512, 0.25
MOST_TILES = 600  # read per resolution; the slides have up to 2,400 of tissue


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sides', type=int, nargs='+', default=(12500, 25000, 50000), help='px of a slide')
    parser.add_argument('--folder', type=Path, help='for the slides; default: a temporary one')
    parser.add_argument('--detect-mm2', type=float, metavar='MM2', help='tissue of each slide, on which mitos detect is run')
    args = parser.parse_args()
    if args.detect_mm2:
        detect_all(args)
        return
    print('   side px  file MB  mask s  mask MB/s |  MB/s at 0.25   0.263     0.5 um/px | peak MiB')
    for side in args.sides:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            path = Path(folder) / 'slide.tif'
            write_slide(path, side)
            with multiprocessing.get_context('spawn').Pool(1) as pool:
                mask_s, mask_mb, rates, peak = pool.apply(measure, (path, ))
            size = path.stat().st_size / 1e6
        print(f'{side:10,} {size:8.0f} {mask_s:7.2f} {mask_mb / mask_s:10.0f} | {rates[0]:13.0f} {rates[1]:7.0f} {rates[2]:7.0f} '
              f'        | {peak:8.0f}', flush=True)


def detect_all(args):
    print('   side px  file MB  tissue mm2  tiles   CPU s  CPU s/mm2 | MiB with the model  peak MiB')
    for side in args.sides:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            path = Path(folder) / 'slide.tif'
            write_slide(path, side, round(args.detect_mm2**0.5 * 1000 / UM_PER_PX / TILE))
            with multiprocessing.get_context('spawn').Pool(1) as pool:
                summary, cpu_s, before, peak = pool.apply(measure_detect, (path, Path(folder) / 'out'))
            print(f"{side:10,} {path.stat().st_size / 1e6:8.0f} {summary['tissue_mm2']:11.2f} {summary['tiles']:6d} {cpu_s:7.1f} "
                  f"{cpu_s / summary['tissue_mm2']:10.1f} | {before:18.0f} {peak:9.0f}", flush=True)


def measure_detect(path, out_dir):
    """``(summary, CPU seconds, peak MiB once the model is loaded, peak MiB in the end)`` of a slide."""
    from mitos_mmdet.model_zoo import load_model
    from mitos_mmdet.slides.run_slide import run_slide

    model = load_model(device='cpu', threads=1)
    list(model.stream([np.zeros((model.tile_size, model.tile_size, 3), np.uint8)] * 4))  # compiles
    before, start = peak_mib(), time.process_time()
    return run_slide(path, model, out_dir), time.process_time() - start, before, peak_mib()


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(path):
    """Mask time (s) and MB, MB/s per resolution, peak memory of the process (MiB)."""
    cv2.setNumThreads(1)
    with open_slide(path) as slide:
        start = time.process_time()
        mask = tissue_mask(slide)
        mask_s = time.process_time() - start
        rates = [rate(slide, mask, um_per_px) for um_per_px in (UM_PER_PX, 0.263, 0.5)]
    return mask_s, slide.size[0] * slide.size[1] * 3 / 1e6, rates, peak_mib()


def rate(slide, mask, um_per_px):
    """MB/s of tiles with tissue."""
    step = TILE * um_per_px / UM_PER_PX
    places = [(x, y) for y in np.arange(0, slide.size[1], step) for x in np.arange(0, slide.size[0], step)
              if mask.covers((x, y, x + step, y + step)) > 0.1][:MOST_TILES]
    start = time.process_time()
    size = sum(slide.read(x, y, step, step, um_per_px).nbytes for x, y in places)
    return size / 1e6 / (time.process_time() - start)


def write_slide(path, side, tissue_tiles=None):
    """A pyramid whose upper left quarter is tissue, or so many tiles across of it."""
    rng = np.random.default_rng(0)
    textures = [texture(rng) for _ in range(8)]
    glass = np.full((TILE, TILE, 3), 243, np.uint8)
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level in range(7):
            across = -(-(side >> level) // TILE)
            held = across / 2 if tissue_tiles is None else tissue_tiles / 2**level
            tiles = (textures[(row * 3 + column) % 8] if max(row, column) < held else glass
                     for row in range(across) for column in range(across))
            density = 1e4 / UM_PER_PX / 2**level
            file.write(tiles, shape=(side >> level, side >> level, 3), dtype='uint8', photometric='rgb', tile=(TILE, TILE),
                       compression='jpeg', compressionargs=dict(level=85), subfiletype=int(level > 0), metadata=None,
                       resolution=(density, density), resolutionunit='CENTIMETER')


def texture(rng):
    """uint8 ``(512, 512, 3)`` of pink and violet."""
    share = cv2.GaussianBlur(rng.uniform(0, 1, (TILE, TILE)).astype(np.float32), (0, 0), 3)
    share = np.clip((share - share.mean()) / share.std() / 4 + 0.4, 0, 1)[..., None]
    return ((1 - share) * (228, 160, 195) + share * (105, 70, 150)).astype(np.uint8)


if __name__ == '__main__':
    run(main)
