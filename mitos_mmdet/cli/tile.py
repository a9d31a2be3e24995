"""Cuts frames into tiles with their own annotation file.

    mitos tile data/midog/train.json data/midog/images --out data/midog_tiles --size 512

writes data/midog_tiles/images/ and data/midog_tiles/tiles.json. Killed half-way, the same command goes on where it stopped.
"""

import argparse
import re
from collections.abc import Sequence

from mitos_mmdet.cli.number_flags import whole
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.datasets.coco_format import read_annotations
from mitos_mmdet.preparation.tile_dataset import tile_dataset
from mitos_mmdet.preparation.tile_plan import FORMATS, KEEPS, STAINS, TileSettings, plan_tiles, summarise
from mitos_mmdet.tiling.grid import REMAINDERS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos tile', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frames', metavar='FRAMES.json', help='annotation file of the frames, from mitos convert')
    parser.add_argument('images', metavar='IMAGES', nargs='?', help='folder of the frames (not needed with --count-only)')
    parser.add_argument('--out', metavar='DIR', help='folder for the tiles (not needed with --count-only)')
    parser.add_argument('--size', help='side of a tile in px, for example 512 or 640x512 (default: 512)')
    parser.add_argument('--overlap', type=whole, help='px that neighbouring tiles share, at least (default: 0)')
    parser.add_argument('--remainder', choices=REMAINDERS,
                        help='a last tile that runs over the border is left out, padded white, or shifted back (default: shift)')
    parser.add_argument('--grid', help='cut every frame into equal parts instead, for example 4x4 (columns x rows)')
    parser.add_argument('--keep', choices=KEEPS, default='labelled',
                        help='tiles that hold an object, or all, also of unlabelled frames (default: labelled)')
    parser.add_argument('--image-format', '--format', dest='format', choices=FORMATS, default='png',
                        help='jpg is smaller and lossy (default: png)')
    parser.add_argument('--stain', choices=(*STAINS, 'none'), default='macenko',
                        help="measure each frame's stain by this method and record it with its tiles (default: macenko)")
    parser.add_argument('--workers', type=whole, help='processes (default: one per core, 8 at most)')
    parser.add_argument('--strict', action='store_true', help='stop at a broken frame or label instead of leaving it out')
    parser.add_argument('--count-only', '--dry-run', action='store_true',
                        help='count the tiles by the sizes in the file, write nothing')
    add_pixel_limit(parser)
    return parser.parse_args(argv)


def settings_of(args: argparse.Namespace) -> 'TileSettings':
    """The ``TileSettings`` of the command line."""
    sizes = {key: value for key, value in (('size', args.size), ('overlap', args.overlap), ('remainder', args.remainder))
             if value is not None}
    common = dict(keep=args.keep, format=args.format, stain=None if args.stain == 'none' else args.stain)
    if args.grid is None:
        if 'size' in sizes:
            sizes['size'] = pair(sizes['size'], '--size', 'a side in px, for example 512 or 640x512', single=True)
        return TileSettings(**common, **sizes)
    if sizes:
        raise ValueError(f"--grid and --{next(iter(sizes))} exclude each other: a grid's tiles are equal parts of the frame")
    return TileSettings(**common, grid=pair(args.grid, '--grid', 'columns x rows, for example 4x4'))


def pair(text: str, flag: str, form: str, single: bool = False) -> tuple:
    """``'640x512'`` as ``(640, 512)``, and with ``single`` ``'512'`` as ``(512, 512)``."""
    found = re.fullmatch(r'(\d+)(?:x(\d+))?', text.strip())
    if not found or not (found[2] or single):
        raise ValueError(f'{flag} {text!r} is not {form}')
    return int(found[1]), int(found[2] or found[1])


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    settings = settings_of(args)
    if args.count_only:
        content = read_annotations(args.frames)
        frames, skipped = plan_tiles(content, settings)
        lines = summarise(content, frames)
        if args.strict:
            report_skipped(skipped, strict=True)
    elif args.images is None or args.out is None:
        raise ValueError('give the folder of the frames and --out DIR, or --count-only to write nothing')
    else:
        lines, skipped = tile_dataset(args.frames, args.images, args.out, settings, args.workers, args.strict)
    print('\n'.join(lines), flush=True)
    report_skipped(skipped)
