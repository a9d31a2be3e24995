"""Hotspot search: CPU seconds by the number of detections, and what a raster misses.

The raster is the one of published code: a box filter over a grid of 32 px at 0.25 um/px. Detections lie on 20 x 20 mm, four in five of them
in clusters of 1 mm, with a fixed seed.

    python benchmarks/hotspot.py
"""

import argparse
import time

import numpy as np
from scipy.ndimage import uniform_filter

from mitos_mmdet.slides.hotspot import find_hotspot
from mitos_mmdet.slides.window import window_size_um

SIDE_UM, CELL_UM = 20_000, 32 * 0.25
MOST_CIRCLES = 10_000  # detections; circles of more take seconds to minutes


def detections(count, seed):
    """``(count, 2)`` um."""
    rng = np.random.default_rng(seed)
    clustered = rng.normal(rng.uniform(2000, SIDE_UM - 2000, (20, 2))[rng.integers(0, 20, count)], 500)
    return np.clip(np.where(rng.random((count, 1)) < 0.8, clustered, rng.uniform(0, SIDE_UM, (count, 2))), 0, SIDE_UM)


def raster_count(points):
    """The count that the raster reports for its best window: the sum over whole cells, as many as fit into the window."""
    cells = int(SIDE_UM / CELL_UM)
    counts = np.histogram2d(*points.T, bins=cells, range=[[0, SIDE_UM]] * 2)[0]
    size = [int(side // CELL_UM) for side in window_size_um()]
    return round(float(uniform_filter(counts, size, mode='constant').max() * np.prod(size)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--counts', type=int, nargs='+', default=[20, 100, 1000, 10_000, 100_000])
    parser.add_argument('--seeds', type=int, default=5, help='sets of detections per count; times are of the fastest, counts means')
    args = parser.parse_args()
    print('detections  rectangle s  circle s  exact  raster  raster/exact')
    for count in args.counts:
        rows = []
        for seed in range(args.seeds):
            points, bounds = detections(count, seed), (0, 0, SIDE_UM, SIDE_UM)
            start = time.process_time()
            exact = find_hotspot(points, scores=np.full(count, 0.5), bounds_um=bounds)
            middle = time.process_time()
            if count <= MOST_CIRCLES:
                find_hotspot(points, shape='circle', bounds_um=bounds)
            rows.append((middle - start, time.process_time() - middle, exact.count, raster_count(points)))
        rectangle, circle = np.min(rows, axis=0)[:2]
        exact, raster = np.mean(rows, axis=0)[2:]
        circle = f'{circle:8.3f}' if count <= MOST_CIRCLES else '       -'
        print(f'{count:10}  {rectangle:11.3f}  {circle}  {exact:5.1f}  {raster:6.1f}  {raster / exact:12.3f}')


if __name__ == '__main__':
    main()
