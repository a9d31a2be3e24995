"""Normalises the stain of images on disk: a folder, one image, or a dataset with its annotation file.

    mitos normalize slides/frames normalised --method macenko
    mitos normalize data/midog_tiles/tiles.json data/midog_normalised --images data/midog_tiles/images

writes normalised/images/ (same names and kinds of file) and normalised/contact_sheet.png; of a dataset its annotation file, too. Killed
half-way, the same command goes on where it stopped. Images without a stain (glass, black, a single colour) are copied as they are.
"""

import argparse
import sys
from collections.abc import Sequence

from mitos_mmdet.cli.number_flags import whole
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.outputs import check_output
from mitos_mmdet.preparation.normalize_dataset import normalize_dataset
from mitos_mmdet.stain import BACKENDS, METHODS, StainNormalizer


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos normalize', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='IN', help='folder of images, image, or annotation file (with --images)')
    parser.add_argument('out', metavar='OUT', help='folder for the result')
    parser.add_argument('--images', metavar='DIR', help='folder of the images of an annotation file')
    parser.add_argument('--target', default='default', metavar='IMAGE|JSON|default',
                        help='an image to look like, a file of --save-target, or the target of this package (default: default)')
    parser.add_argument('--method', choices=METHODS, default='macenko', help='default: macenko')
    parser.add_argument('--backend', choices=BACKENDS, default='fast',
                        help='fast: code of this package; staintools: the reference, much slower (default: fast)')
    parser.add_argument('--per-tile', action='store_true',
                        help='estimate each tile by itself (default: the tiles of a frame share one estimate)')
    parser.add_argument('--save-target', metavar='FILE.json', help='write the fitted target, to use it again')
    parser.add_argument('--workers', type=whole, help='processes (default: one per core, 8 at most)')
    parser.add_argument('--strict', action='store_true', help='stop at an image that cannot be read instead of leaving it out')
    add_pixel_limit(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    if args.save_target:
        check_output('--save-target', args.save_target, [args.source, args.images, args.target], suffixes=('.json', ))
    normalizer = StainNormalizer.to_look_like(args.target, args.method, args.backend)
    save = args.save_target and ('--save-target', args.save_target, normalizer.save)
    lines, passed, skipped = normalize_dataset(args.source, args.out, normalizer.target, args.images, args.per_tile, args.workers,
                                               args.strict, save, args.backend)
    print('\n'.join(lines), flush=True)
    for name, reason in passed[:20]:
        print(f'left as it is: {name}: {reason}', file=sys.stderr)
    if len(passed) > 20:
        print(f'... and {len(passed) - 20} more', file=sys.stderr)
    report_skipped(skipped)
