"""Measures stains and writes them into an annotation file, for RandomStainTransfer and PasteMitoticFigures.

    mitos measure-stains data/atypia14/annotations_train.json data/atypia14 --out data/atypia14/stains_train.json
    mitos measure-stains data/ami_br/annotations.json data/ami_br --by case --out data/ami_br/stains.json
"""

import argparse
from collections.abc import Sequence

from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.outputs import check_output

MARK = b'"measured_stains"'  # in the info, which is written first


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='mitos measure-stains', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frames', metavar='FRAMES.json', help='annotation file written by mitos convert')
    parser.add_argument('images', metavar='IMAGES', help='folder of its images')
    parser.add_argument('--out', required=True, metavar='FILE.json', help='the same file with the stains')
    parser.add_argument('--by', choices=['image', 'case'], default='image', help='one stain per image, or per case (for small patches)')
    parser.add_argument('--method', choices=['macenko', 'vahadane'], default='macenko')
    add_pixel_limit(parser)
    args = parser.parse_args(argv)
    check_output('--out', args.out, [args.frames, args.images], MARK, ('.json',))

    from mitos_mmdet.preparation.measure_stains import measure_stains

    content, skipped = measure_stains(args.frames, args.images, args.by, args.method)
    write_json(content, args.out)
    report_skipped(skipped)
    print(f'wrote {args.out}')
