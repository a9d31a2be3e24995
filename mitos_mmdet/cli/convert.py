"""Converts a contest's own files to the COCO json that the configs read.

examples:
  mitos convert midog data/midog --out data/midog/annotations.json
  mitos convert midog MIDOG++.json --out midogpp.json --split csv --allow-missing-images
  mitos convert mitos-atypia-14 data/atypia14 --out data/atypia14/h.json --split hamamatsu
  mitos convert tupac16 data/tupac16 --out tupac.json --labels alternative --split mask-rcnn
  mitos convert icpr2012 data/icpr2012 --out icpr.json --split train=00+01,val=02
  mitos convert csv labels.csv --images images --out own.json --um-per-px 0.25 --split train=0.8,val=0.2
  mitos convert yolo own --out own.json --class-map 0='mitotic figure' 1='hard negative'

splits are by case (patient or slide), never by frame:
  mask-rcnn  (tupac16) patients of the Mask R-CNN paper of 2020: train, val, test
  csv        (midog) MIDOG++'s own: train, test
  contest    (amida13) the contest's: train cases 1 to 12, test 13 to 23
  hamamatsu  (mitos-atypia-14) ours: train H03 H04 H15 H18, val H05 H11
  train=0.7,val=0.15,test=0.15   fractions of the labelled cases, shuffled by --seed
  train=H03+H04,val=H05          case lists: case ids, their numbers, or slides
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.number_flags import decimal, whole
from mitos_mmdet.contests import CONTESTS
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.outputs import check_ours, check_output
from mitos_mmdet.preparation.convert import convert
from mitos_mmdet.preparation.own_labels import KINDS
from mitos_mmdet.preparation.summary import summary_table

_OURS = b'"converter_version"'  # in the info, which is written first


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    text, _, more = __doc__.partition('\n\n')
    parser = argparse.ArgumentParser(prog='mitos convert', description=text, epilog=more,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('contest', choices=[*CONTESTS, *KINDS], metavar='CONTEST',
                        help=f"{' | '.join(CONTESTS)}, or labels of your own: {' | '.join(KINDS)}")
    parser.add_argument('root', type=Path, metavar='ROOT', help="the contest's folder, or one of its annotation files")
    parser.add_argument('--out', type=Path, required=True, metavar='FILE.json', help='with --split, one FILE_<split>.json each')
    parser.add_argument('--images', type=Path, metavar='DIR', help='folder of the images (default: found beside the labels)')
    parser.add_argument('--split', metavar='RULE', help='a name, fractions or case lists: see below (default: all in one file)')
    parser.add_argument('--seed', type=whole, default=0, help='of a split by fractions (default: %(default)s)')
    parser.add_argument('--labels', choices=('original', 'alternative'),
                        help="tupac16, amida13: the contest's labels or those of 2020 with hard negatives (default: original)")
    parser.add_argument('--csv', type=Path, metavar='FILE',
                        help="midog: MIDOG++'s datasets_xvalidation.csv (default: beside or above the JSON)")
    parser.add_argument('--box-size', metavar='LENGTH',
                        help="side of the boxes around the centroids, for example 50px or 12um (default: 50px; icpr2012: of the outlines)")
    own = parser.add_argument_group('labels of your own')
    own.add_argument('--um-per-px', type=decimal, metavar='UM', help='pixel size of every image in um; it wins over what the files say')
    own.add_argument('--class-map', nargs='+', metavar='NAME=CLASS',
                     help='class names in the files: lookalike="hard negative" other=ignore (common names are known)')
    own.add_argument('--case', metavar='REGEX', help="what of an image's path is its case, such as '^[^_]+' (default: each image its own)")
    own.add_argument('--unlabelled', choices=('leave-out', 'negative'),
                     help='images without a label file: nobody looked (default), or looked at and nothing found')
    parser.add_argument('--allow-missing-images', action='store_true',
                        help='convert labels without their images, whose sizes then come from the labels or the contest')
    parser.add_argument('--strict', action='store_true', help='a bad frame or label is an error instead of being left out')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Converts, reports, writes; writes nothing if anything is wrong."""
    args = parse_args(argv)
    inputs = [args.root, args.csv, args.images]
    check_output('--out', args.out, inputs, _OURS, ('.json', ))
    done = convert(args.contest, args.root, images=args.images, split=args.split, seed=args.seed, box_size=args.box_size,
                   allow_missing=args.allow_missing_images, labels=args.labels, csv=args.csv, um_per_px=args.um_per_px,
                   class_map=_class_map(args.class_map), case=args.case, unlabelled=args.unlabelled)
    targets = {name: args.out if name is None else args.out.with_name(f'{args.out.stem}_{name}.json') for name in done.contents}
    for target in targets.values():
        check_output('--out', target, inputs, _OURS, ('.json', ))
        check_ours('--out', target, _OURS)
    report_skipped(done.skipped, strict=args.strict)
    for note in done.notes:
        print(f'note: {note}')
    print(summary_table(done.frames))
    for name, target in targets.items():
        write_json(done.contents[name], target)
        print(f'wrote {target}')


def _class_map(pairs):
    if pairs is None:
        return None
    bad = next((pair for pair in pairs if '=' not in pair), None)
    if bad:
        raise ValueError(f'--class-map {bad}: not NAME=CLASS, such as lookalike="hard negative"')
    return dict(pair.rsplit('=', 1) for pair in pairs)
