"""Writes detections, of any format that mitos evaluate reads, in a format that others read.

examples:
  mitos export detections.json --to grand-challenge --threshold-file threshold.json --out submission
  mitos export detections.json --to grand-challenge-2025 --threshold 0.43 --truth annotations.json --out input
  mitos export detections.json --to qupath --out geojson
  mitos export detections.json --to csv --truth annotations.json --out atypia14

what is written:
  grand-challenge       MIDOG: Multiple points in mm, one JSON per image; points under the threshold are named non-mitotic figure
  grand-challenge-2025  the same as predictions.json and <pk>/output/mitotic-figures.json, as MIDOG 2025's evaluator reads it
  csv                   MITOS-ATYPIA-14: H05_00Ab_mitosis.csv, lines x,y,confidence
  tupac16               TUPAC16, AMIDA13: 01/02.csv, lines row,col,confidence
  qupath                GeoJSON, one per image, points with class and score
  mitos-mmdet           the JSON of mitos test --out
reading a file back gives the same numbers, to the last bit. With --truth every frame of it gets a file, also without detections.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli.detection_flags import add_threshold, add_um_per_px, format_list, read_threshold_flags, read_um_per_px
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.interchange.export import EXPORTS, export, write_folder
from mitos_mmdet.interchange.recognise import FORMATS, read_points


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    text, _, more = __doc__.partition('\n\n')
    parser = argparse.ArgumentParser(prog='mitos export', description=text, epilog=f'{more}\n{format_list()}',
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('detections', type=Path, metavar='DETECTIONS', help='file or folder')
    parser.add_argument('--to', required=True, choices=EXPORTS, metavar='FORMAT', help=' | '.join(EXPORTS))
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='not there yet, or empty')
    parser.add_argument('--truth', type=Path, help='whose frames these are, or should be: their names and pixel sizes are taken')
    parser.add_argument('--format', choices=FORMATS, metavar='FORMAT', help='of the detections (default: recognised)')
    add_threshold(parser, 'grand-challenge: names the points; elsewhere: leaves out points with a lower score')
    add_um_per_px(parser, '; needed to write places in mm as px, or the reverse, where no file says it')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Reads, converts, writes; writes nothing if anything is wrong."""
    args = parse_args(argv)
    um_per_px = read_um_per_px(args.um_per_px)
    threshold = read_threshold_flags(args)
    threshold = getattr(threshold, 'value', threshold)
    truth = read_points(args.truth, is_truth=True) if args.truth else None
    detections = read_points(args.detections, args.format, truth)
    notes, frames = [*detections.notes], detections.frames
    if um_per_px is not None:
        frames = [dataclasses.replace(frame, um_per_px=um_per_px) for frame in frames]
    if truth is not None:
        paired = pair(truth, dataclasses.replace(detections, frames=frames), um_per_px)
        notes += [*truth.notes, *paired.notes]
        # In mm on both sides they stay as they are.
        known = ('name', 'um_per_px', 'size_px', 'scanner', 'domain', 'case_id', 'region_type')
        frames = frames if paired.unit == 'um' else [
            dataclasses.replace(found, **{key: getattr(ours, key) for key in known}) for ours, found in paired.pairs]
    files, written, more = export(frames, args.to, threshold)
    write_folder(files, args.out)
    for note in [*notes, *more]:
        print(f'note: {note}')
    print(f'wrote {written} points of {len(frames)} frames in {len(files)} files to {args.out}')
