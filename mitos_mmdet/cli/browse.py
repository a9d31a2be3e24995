"""Draws training samples as the network sees them: after stain, crops, scales and flips, with their boxes and masks.

    mitos browse configs/mitos/cascade_rcnn_midog.py --out samples.png
    mitos browse configs/mitos/mask_rcnn_r101_fpn_tupac16.py --out masks.png --panels image boxes masks
    mitos browse configs/mitos/cascade_rcnn_midog.py --out one.png --index 12

writes one PNG. --index shows one image of the training set again and again, each time as training may draw it.
"""

import argparse
import random
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mitos_mmdet.cli.config_checks import check_data, files_read, protected
from mitos_mmdet.cli.config_flags import add_config_arguments, read_config
from mitos_mmdet.cli.load_mmdet import load_mmdet
from mitos_mmdet.cli.number_flags import whole
from mitos_mmdet.cli.random_flags import add_seed, check_random
from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.outputs import check_output
from mitos_mmdet.report.training_sheet import PANELS, Sample, training_sheet


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos browse', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', required=True, metavar='FILE.png', help='where the sheet goes')
    parser.add_argument('--samples', type=whole, default=16, help='how many (default: 16)')
    parser.add_argument('--columns', type=whole, default=4, help='samples in a row (default: 4)')
    parser.add_argument('--side', type=whole, default=256, help='px of the longer side of each picture (default: 256)')
    parser.add_argument('--panels', nargs='+', choices=PANELS, default=['all'],
                        help='pictures of each sample, side by side (default: all: boxes and outlines in one)')
    parser.add_argument('--index', type=whole, help='one training image, drawn anew for every picture')
    parser.add_argument('--negatives', action='store_true', help='also samples that hold no object (default: only those that do)')
    add_seed(parser, 'of the choice and of all augmentations')
    add_config_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    for flag, value in (('--samples', args.samples), ('--columns', args.columns), ('--side', args.side)):
        if value < 1:
            raise ValueError(f'{flag} {value}: must be at least 1')
    check_random(args)
    load_mmdet()
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    cfg = read_config(args)
    if not cfg.get('train_dataloader'):
        raise ValueError(f'{args.config}: has no train_dataloader, so no training samples')
    check_output('--out', args.out, [args.config, *protected(files_read(cfg, 'train_dataloader'))], suffixes=('.png', ))
    check_data(cfg, 'train_dataloader')
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if args.index is not None and not 0 <= args.index < len(dataset):
        raise ValueError(f'--index {args.index}: the training set has images 0 to {len(dataset) - 1}')
    samples = draw_samples(dataset, args.samples, args.seed, args.index, args.negatives)
    if not samples:
        raise ValueError(f'{args.config}: no training sample holds an object. Show those without by --negatives')
    write_image(args.out, training_sheet(samples, dataset.metainfo['classes'], args.columns, args.panels, args.side))
    boxes = sum(len(sample.boxes) for sample in samples)
    print(f'wrote {args.out}: {len(samples)} samples of {len(dataset)} training images, {boxes} boxes')


def draw_samples(dataset: Any, count: int, seed: int, index: int | None = None, negatives: bool = False) -> list[Sample]:
    """``[Sample, ...]`` as a training would draw them, fewer than ``count`` only where the dataset has no more with an object."""
    random.seed(seed)
    np.random.seed(seed)
    order = np.random.permutation(len(dataset)) if index is None else [index] * (20 * count)
    samples = []
    for place in map(int, order):
        sample = to_sample(dataset[place])
        if negatives or len(sample.boxes):
            samples.append(sample)
        if len(samples) == count:
            break
    return samples


def to_sample(packed: dict) -> 'Sample':
    """A ``Sample`` of what the last step of a training pipeline gives (``inputs`` BGR, mmdet's order)."""
    truth, info = packed['data_samples'].gt_instances, packed['data_samples'].metainfo
    boxes = truth.bboxes.tensor if hasattr(truth.bboxes, 'tensor') else truth.bboxes
    image = packed['inputs'].numpy()[::-1].transpose(1, 2, 0).clip(0, 255).round().astype(np.uint8)  # colour transforms leave floats
    name = str(info.get('img_path', '')).replace('\\', '/').rpartition('/')[2]
    return Sample(np.ascontiguousarray(image), f'{name}  {image.shape[1]} x {image.shape[0]} px', boxes.numpy(), truth.labels.numpy(),
                  [_polygons(mask) for mask in truth.masks.masks] if 'masks' in truth else [])


def _polygons(mask):
    """The polygons ``(V, 2)`` of one mask: mmdet keeps a list of flat polygons, or a bitmap ``(H, W)``."""
    if isinstance(mask, np.ndarray) and mask.ndim == 2:
        mask = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return [np.asarray(polygon).reshape(-1, 2) for polygon in mask]
