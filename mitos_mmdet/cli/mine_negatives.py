"""Adds a detector's false positives on training frames to their annotation file, as hard negatives to train on.

    mitos test CONFIG CHECKPOINT --out found.json --cfg-options test_dataloader.dataset.ann_file=atypia14/annotations_train.json
    mitos mine-negatives data/atypia14/annotations_train.json found.json --radius 8um --out data/atypia14/annotations_mined.json

Detections may have any format that mitos evaluate reads, the folder of mitos detect among them. Mine in training frames alone, and look at
what was mined: what the annotators missed is among it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.number_flags import decimal
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.outputs import check_output

MARK = b'"mined_negatives"'  # in the info, which is written first


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos mine-negatives', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('frames', metavar='FRAMES.json', type=Path, help='annotation file of the training frames, from mitos convert')
    parser.add_argument('detections', metavar='DETECTIONS', type=Path, help='file or folder; frames go together by name')
    parser.add_argument('--out', required=True, type=Path, metavar='FILE.json', help='the same file with the mined hard negatives')
    parser.add_argument('--threshold', type=decimal, default=0.25, metavar='T', help='least score of a detection (default: %(default)s)')
    parser.add_argument('--radius', default='7.5um',
                        help='a detection further than this from every label is false: 8um, 30px (default: %(default)s, MIDOG)')
    parser.add_argument('--box-size', default='50px', help="side of the boxes, with its unit (default: %(default)s, of MIDOG's labels)")
    parser.add_argument('--ignore-unknown', action='store_true', help='leave out detections on frames that the annotation file has not')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    check_output('--out', args.out, [args.frames, args.detections], MARK, ('.json',))

    from mitos_mmdet.preparation.mine_negatives import mine_negatives

    content, counts, notes = mine_negatives(args.frames, args.detections, args.radius, args.threshold, args.box_size, args.ignore_unknown)
    for note in notes:
        print(f'note: {note}')
    if not counts['labelled frames']:
        raise ValueError(f'{args.frames}: none of its frames is labelled, so nothing in them is known to be false. Give labelled frames')
    if not counts['mined']:
        raise ValueError(f"{args.detections}: no false positive among {counts['detections']} mitotic figures detected in "
                         f"{counts['labelled frames']} labelled frames with a score of {args.threshold:g} or more "
                         f"({counts['on mitotic figures']} lie on mitotic figures, {counts['on other labels']} on other labels). "
                         f"Lower --threshold, or check that the detections' class is 'mitotic figure'")
    write_json(content, args.out)
    before = f", beside {counts['mined before']} mined before" if counts['mined before'] else ''
    print(f"{counts['detections']} mitotic figures detected in {counts['labelled frames']} labelled frames: "
          f"{counts['on mitotic figures']} on labelled ones, {counts['on other labels']} on other labels, "
          f"{counts['mined']} mined in {counts['frames']} frame{'' if counts['frames'] == 1 else 's'}{before}")
    print(f'wrote {args.out}')
