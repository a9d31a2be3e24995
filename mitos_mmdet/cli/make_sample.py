"""Draws the built-in sample: H&E-like frames in MIDOG++'s layout, to try every command on without a download.

    mitos make-sample data/sample
    mitos convert midog data/sample --out data/sample/sample.json --split csv
"""

import argparse
from collections import Counter
from collections.abc import Sequence

from mitos_mmdet.cli.number_flags import whole
from mitos_mmdet.cli.random_flags import add_seed, check_random
from mitos_mmdet.sample import make_sample


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='mitos make-sample', description=__doc__.splitlines()[0])
    parser.add_argument('out', metavar='OUT', help='folder to write; a sample half written there is finished')
    parser.add_argument('--frames', type=whole, default=24, help='how many (24: 16 to train on, 8 to test on)')
    parser.add_argument('--size', default='1024x768', metavar='WIDTHxHEIGHT', help='of a frame in px (1024x768)')
    add_seed(parser, 'same seed, same bytes')
    parser.add_argument('--force', action='store_true', help='write into a folder that holds something else')
    args = parser.parse_args(argv)
    check_random(args)
    plans = make_sample(args.out, args.frames, parse_size(args.size), args.seed, args.force)
    for split in ('train', 'test'):
        chosen = [plan for plan in plans if plan.split == split]
        kinds = Counter(figure.is_mitosis for plan in chosen for figure in plan.figures)
        print(f'{split}: {len(chosen)} frames, {kinds[True]} mitotic figures, {kinds[False]} hard negatives')
    print(f'written to {args.out}')


def parse_size(text: str) -> tuple:
    """``'1024x768'`` as ``(1024, 768)`` px."""
    try:
        width, height = (int(part) for part in text.lower().split('x'))
    except ValueError as error:
        raise ValueError(f"--size {text}: give width and height in px, e.g. 1024x768") from error
    return width, height
