"""Chooses the model's operating threshold on a few labelled frames of your own: mitos calibrate ANNOTATIONS IMAGES --out FILE.json.

Every scanner and laboratory stains differently, and at one threshold some slides get many false positives while others miss much. Label
some frames, convert the labels (mitos convert, docs/own_labels.md), calibrate, and detect with the file:

  mitos calibrate data/own/annotations.json data/own --out calibration.json
  mitos detect slides --calibration calibration.json --out results
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli import detection_flags as flags
from mitos_mmdet.cli.model_flags import add_model_flags, check_model_flag, load_chosen
from mitos_mmdet.cli.number_flags import decimal
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.cli.printed import text_table
from mitos_mmdet.cli.progress_line import ProgressLine
from mitos_mmdet.cli.random_flags import add_bootstrap, check_random
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.core.outputs import check_outputs
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.matching import RULES
from mitos_mmdet.evaluation.operating_point import choose_threshold, leave_one_out
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.evaluation.sweep import sweep
from mitos_mmdet.evaluation.tables import shown
from mitos_mmdet.evaluation.thresholds import FORMAT
from mitos_mmdet.interchange.recognise import read_points

_FEW = 30  # Ours: with fewer mitotic figures the 95 % interval of a recall of 0.7 is wider than 0.3.
_SHOWN = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # Ours


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    text, _, more = __doc__.partition('\n\n')
    command = argparse.ArgumentParser(prog='mitos calibrate', description=text, epilog=more,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument('annotations', type=Path, metavar='ANNOTATIONS', help='labelled frames, as mitos convert writes them')
    command.add_argument('images', type=Path, metavar='IMAGES', help='folder that the file names in ANNOTATIONS are relative to')
    command.add_argument('--out', type=Path, required=True, metavar='FILE.json', help='for mitos detect --calibration')
    add_model_flags(command)
    command.add_argument('--min-precision', type=decimal, metavar='P', help='the best F1 among thresholds with at least this precision')
    command.add_argument('--min-recall', type=decimal, metavar='R', help='the best F1 among thresholds with at least this recall')
    command.add_argument('--radius', default='7.5um', help='how far a hit may lie, with its unit (default: %(default)s, MIDOG)')
    command.add_argument('--matching', choices=RULES, default='midog', help='rule of a hit, see docs/evaluation.md (default: %(default)s)')
    add_bootstrap(command)
    flags.add_um_per_px(command, '; needed where neither annotations nor images say it')
    add_pixel_limit(command)
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Detects, chooses, prints, writes.

    Raises:
        ValueError: Nothing to choose by, or a condition that no threshold meets.
    """
    args = parser().parse_args(argv)
    _check(args)
    truth = read_points(args.annotations, is_truth=True)
    if not any(frame.labelled and (frame.labels == MITOSIS).any() for frame in truth.frames):  # known before hours of detection
        raise ValueError(f'{args.annotations}: no mitotic figure is labelled in it, so there is nothing to choose a threshold by. Give '
                         f'labelled frames with mitotic figures')
    um_per_px = flags.read_um_per_px(args.um_per_px)
    if um_per_px is not None:
        truth.frames = [dataclasses.replace(frame, um_per_px=um_per_px) for frame in truth.frames]
    model = load_chosen(args)
    from mitos_mmdet.model_zoo.calibration import write_calibration
    from mitos_mmdet.slides.labelled_frames import detect_frames

    line = ProgressLine(model.name, unit='frame')
    try:
        found = detect_frames(truth, args.images, model, progress=line)
    finally:
        line.clear()
    frames = [frame for frame in pair(truth, found).frames(MITOSIS) if frame.labelled]
    conditions = dict(min_precision=args.min_precision, min_recall=args.min_recall)

    def at(threshold):
        return evaluate(frames, args.radius, args.matching, threshold, MITOSIS, args.bootstrap, args.seed)

    radius = at(0.5).radius
    chosen = at(choose_threshold(sweep(frames, radius, args.matching), **conditions))
    words = _words(args)
    _print(model, chosen, at, words, leave_one_out(frames, radius, args.matching, **conditions))
    write_calibration(args.out, model, chosen, args.annotations, words)
    print(f'wrote {args.out}: mitos detect IMAGE --calibration {args.out} --out DIR')
    return 0


def _check(args):
    for flag, value in (('--min-precision', args.min_precision), ('--min-recall', args.min_recall)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f'{flag} {value:g}: give a number above 0, at most 1')
    Length.parse(args.radius)
    check_random(args)
    check_model_flag(args)
    if not args.images.is_dir():
        raise ValueError(f'{args.images}: no such folder. Give the folder that the file names in {args.annotations} are relative to')
    check_outputs({'--out': args.out}, [args.annotations, args.images], {'--out': FORMAT.encode()}, {'--out': ('.json', )})


def _words(args):
    conditions = [f'{name} at least {value:g}' for name, value in (('precision', args.min_precision), ('recall', args.min_recall))
                  if value is not None]
    return ' with '.join(['best F1', *([' and '.join(conditions)] if conditions else [])])


def _print(model, chosen, at, words, others):
    """The table, and how far to trust it."""
    overall = chosen.overall
    cases = {frame.case_id for frame in chosen.frames} - {None}
    known = f'{len(cases) or "unknown"} case{"s" * (len(cases) != 1)}'
    print(f'{model.name} on {overall.frames} frames of {known}, {overall.truths} mitotic figures, hits within {chosen.radius}')
    rows = {threshold: (at(threshold), '') for threshold in _SHOWN}
    rows[model.threshold] = at(model.threshold), "the model's own"
    rows[chosen.threshold.value] = chosen, f'chosen: {words}'
    print(text_table([['threshold', 'F1', 'precision', 'recall', 'TP', 'FP', 'FN', ''], *(
        [f'{threshold:.4f}', *(shown(rate, 3) for rate in (each.overall.f1, each.overall.precision, each.overall.recall)),
         *map(str, (each.overall.tp, each.overall.fp, each.overall.fn)), what] for threshold, (each, what) in sorted(rows.items()))]))
    print(f'{chosen.bootstrap.text()}; they do not cover the choice of the threshold')
    if others is not None:
        print(f'each frame at the threshold that the other frames choose: F1 {others.f1:.3f} (TP {others.tp}, FP {others.fp}, '
              f'FN {others.fn}), which is what to expect on frames like these')
    if overall.truths < _FEW:
        print(f'warning: only {overall.truths} labelled mitotic figures. Below {_FEW} a threshold is mostly chance: label more frames',
              file=sys.stderr)
