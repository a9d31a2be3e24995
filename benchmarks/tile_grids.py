"""Does a trained detector find the same figures whatever the tiles? Each grid against the first, on a config's test frames.

    python benchmarks/tile_grids.py configs/mitos/small/cascade_rcnn_r18_small_sample.py work_dirs/demo

Tiles change what a network sees around a mitotic figure (padding at their borders), so scores move a little; detections should not.
"""

import argparse

import numpy as np
from tqdm import tqdm

from mitos_mmdet import compat
from mitos_mmdet.core.console import run

GRIDS = ((512, 128), (384, 96), (640, 160), (512, 256), (2048, 0))  # tile size and overlap in px; the last is the whole frame


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--data-root', help="in place of the config's")
    parser.add_argument('--score-thr', type=float, default=0.5, help='figures from this score on are compared (default: 0.5)')
    args = parser.parse_args()
    compat.install()
    model, dataset = _load(args)
    found = {grid: [] for grid in GRIDS}
    for index in tqdm(range(len(dataset)), desc='frames'):
        for grid in GRIDS:
            model.tile_size, model.overlap = grid
            item = dataset[index]
            figures = model.test_step(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))[0].pred_instances
            found[grid].append(figures[figures.labels == 0].numpy())
    print('tile overlap  figures  found in both  farthest  scores within 0.05  largest difference')
    for grid in GRIDS:
        print(_row(grid, found[GRIDS[0]], found[grid], args.score_thr))


def _load(args):
    from mmdet.apis import init_detector
    from mmdet.registry import DATASETS

    from mitos_mmdet.compat.checkpoints import find_checkpoint

    model = init_detector(args.config, str(find_checkpoint(args.checkpoint)), device='cpu', cfg_options={})
    settings = model.cfg.test_dataloader.dataset
    if args.data_root:
        settings.data_root = args.data_root
    return model, DATASETS.build(settings)


def _row(grid, reference, frames, threshold):
    """Figures of the reference at or above the threshold, and their nearest of any score in the other grid."""
    distances, differences = [], []
    for one, other in zip(reference, frames, strict=True):
        centres, others = ((figures.bboxes[:, :2] + figures.bboxes[:, 2:]) / 2 for figures in (one, other))
        for centre, score in zip(centres, one.scores, strict=True):
            if score < threshold:
                continue
            gap = np.hypot(*(others - centre).T) if len(others) else np.array([np.inf])
            nearest = gap.argmin()
            distances.append(gap[nearest])
            differences.append(abs(other.scores[nearest] - score) if np.isfinite(gap[nearest]) else np.inf)
    distances, differences = np.array(distances), np.array(differences)
    both = distances <= 10  # px: "within a few"; a figure is 50
    return (f'{grid[0]:4d} {grid[1]:7d}  {len(both):7d}  {both.sum():13d}  {distances[both].max(initial=0):5.1f} px  '
            f'{(differences[both] <= 0.05).sum():18d}  {differences[both].max(initial=0):18.3f}')


if __name__ == '__main__':
    run(main)
