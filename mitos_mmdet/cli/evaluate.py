"""Scores detections of mitotic figures against the truth, whatever formats the two come in.

examples:
  mitos evaluate --truth annotations.json --detections detections.json --radius 7.5um
  mitos evaluate --truth val.json --detections val_detections.json --choose-threshold threshold.json
  mitos evaluate --truth test.json --detections test_detections.json --threshold-file threshold.json --out scores.json
  mitos evaluate --truth data/atypia14 --detections folder_of_csv --radius 8um --per scanner,case
  mitos evaluate --truth ground_truth.json --detections submission_folder
  mitos evaluate --truth test.json --detections ours.json --compare theirs.json --threshold 0.5
  mitos evaluate --truth test.json --detections ours.json --threshold 0.5 --report report.html --images frames
  mitos evaluate --check-submission submission_folder

Scores are optimistic at a threshold that was chosen on the same frames: choose it on validation data (--choose-threshold), then freeze it
(--threshold-file). Without either, a submission's own is taken, else the best on the set at hand, and the result says so.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.cli import detection_flags as flags
from mitos_mmdet.cli.printed import evaluation_text, read_per, text_table
from mitos_mmdet.cli.random_flags import add_bootstrap, check_random
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.outputs import check_outputs
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.evaluation.matching import RULES
from mitos_mmdet.evaluation.negatives import add_negatives
from mitos_mmdet.evaluation.scoring import compare_scored, score
from mitos_mmdet.evaluation.tables import comparison_table
from mitos_mmdet.evaluation.thresholds import FORMAT as THRESHOLD_FORMAT
from mitos_mmdet.evaluation.thresholds import write_threshold
from mitos_mmdet.interchange.grand_challenge_check import submission_faults
from mitos_mmdet.interchange.recognise import FORMATS, read_points
from mitos_mmdet.report.flags import add_report, check_report, report_scored
from mitos_mmdet.report.report_path import PAGE_MARK, PAGE_SUFFIXES

FIGURES_FORMAT = 'mitos_mmdet figures'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    text, _, more = __doc__.partition('\n\n')
    parser = argparse.ArgumentParser(prog='mitos evaluate', description=text, epilog=f'{more}\n{flags.format_list()}',
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--truth', type=Path, help='file or folder')
    parser.add_argument('--detections', type=Path, help='file or folder; frames go together by name')
    parser.add_argument('--radius', default='7.5um',
                        help='how far a hit may lie, inclusive, with its unit: 7.5um, 8um, 30px (default: %(default)s, MIDOG and TUPAC16)')
    parser.add_argument('--matching', choices=RULES, default='midog', help='rule of a hit, see docs/evaluation.md (default: %(default)s)')
    chosen = flags.add_threshold(parser, 'detections with score >= it count')
    chosen.add_argument('--choose-threshold', type=Path, metavar='FILE.json',
                        help='choose the best F1 on this set, which is validation data, and freeze it in a file')
    parser.add_argument('--compare', type=Path, metavar='DETECTIONS', help='other detections of the same frames, by a paired bootstrap')
    parser.add_argument('--compare-threshold', metavar='T|FILE', help='of the other detections (default: --threshold, else its own)')
    parser.add_argument('--classes', nargs='+', default=[MITOSIS], metavar='NAME', help='classes to score, headline first '
                        f'(default: {MITOSIS}; hard negatives found and confused are in its scores)')
    parser.add_argument('--per', metavar='GROUPS', help='which groups to print, of scanner,domain,case,region (default: all but case)')
    add_bootstrap(parser)
    parser.add_argument('--out', type=Path, metavar='FILE.json', help='all scores as JSON')
    add_report(parser)
    parser.add_argument('--ignore-unknown', action='store_true', help='leave out detections on frames that the truth has not')
    flags.add_um_per_px(parser, '; needed where none says it, unless places and radius are all in px')
    for of in ('truth', 'detections', 'compare'):
        parser.add_argument(f'--{of}-format', choices=FORMATS, metavar='FORMAT', help=f'of --{of}, see below (default: recognised)')
    parser.add_argument('--check-submission', type=Path, metavar='SUBMISSION',
                        help='only list what grand-challenge or MIDOG would refuse of a file or folder')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Reads, scores, prints, writes; writes nothing if anything is wrong."""
    args = parse_args(argv)
    if args.check_submission:
        return _check(args.check_submission)
    if not (args.truth and args.detections):
        raise ValueError('give --truth and --detections, or --check-submission (--help shows examples)')
    check_random(args)
    check_outputs({'--out': args.out, '--choose-threshold': args.choose_threshold, '--report': args.report},
                  [args.truth, args.detections, args.compare, args.threshold_file, args.compare_threshold, args.images],
                  {'--out': FIGURES_FORMAT.encode(), '--choose-threshold': THRESHOLD_FORMAT.encode(), '--report': PAGE_MARK},
                  {'--out': ('.json', ), '--choose-threshold': ('.json', ), '--report': PAGE_SUFFIXES})
    check_report(args)
    per, thresholds = read_per(args.per), _thresholds(args)
    truth, notes, found, other = _read(args)
    how = dict(radius=args.radius, matching=args.matching, classes=args.classes, resamples=args.bootstrap, seed=args.seed,
               um_per_px=flags.read_um_per_px(args.um_per_px), ignore_unknown=args.ignore_unknown)
    first = score(truth, found, threshold=thresholds[0], choose=args.choose_threshold is not None, **how)
    second = other and score(truth, other, threshold=thresholds[1], **how)
    compared = compare_scored(first, second, args.bootstrap, args.seed) if other else {}

    print(f'truth: {args.truth} ({truth.format})')
    _print_notes(notes)
    print(f'detections: {args.detections} ({found.format})')
    _print_notes(first.notes)
    for evaluation in first.evaluations.values():
        print('\n' + evaluation_text(evaluation, per))
    if other:
        print(f'\ncompared with: {args.compare} ({other.format})')
        _print_notes(second.notes)
    for name, each in compared.items():
        print(f'\n{name}, {each.bootstrap.text()}\n{text_table(comparison_table(each, str(args.detections), str(args.compare)))}')
    if args.choose_threshold:
        write_threshold(args.choose_threshold, first.evaluations[args.classes[0]], args.truth)
        print(f'wrote {args.choose_threshold}')
    if args.out:
        write_json(_figures(args, notes, first, second, compared), args.out)
        print(f'wrote {args.out}')
    if args.report:
        report_scored(args, notes, first, compared)
        print(f'wrote {args.report}')
    return 0


def _read(args):
    """The truth, notes on it, the detections and the other detections (None without ``--compare``)."""
    truth = read_points(args.truth, args.truth_format, is_truth=True)
    found = read_points(args.detections, args.detections_format, truth)
    other = args.compare and read_points(args.compare, args.compare_format, truth)
    truth, more = add_negatives(truth, *filter(None, (found, other)))
    return truth, truth.notes + more, found, other


def _thresholds(args):
    """Of the detections, and of those they are compared with."""
    first = flags.read_threshold_flags(args)
    if args.compare and args.compare_threshold is None and args.threshold_file:
        raise ValueError(f'--threshold-file {args.threshold_file} was chosen for one model. Give that of {args.compare} as '
                         f'--compare-threshold')
    return first, first if args.compare_threshold is None else flags.number_or_threshold(args.compare_threshold)


def _figures(args, notes, first, second, compared):
    """What ``--out`` writes."""
    content = dict(format=FIGURES_FORMAT, version=1, truth=str(args.truth), detections=str(args.detections), notes=notes + first.notes,
                   classes=[evaluation.to_dict() for evaluation in first.evaluations.values()])
    if second:
        content.update(compared_with=str(args.compare), notes_on_compared=second.notes,
                       comparison={name: each.to_dict() for name, each in compared.items()})
    return content


def _print_notes(notes):
    for note in notes:
        print(f'note: {note}')


def _check(path):
    files, found = submission_faults(path)
    for file, fault in found:
        print(f'{file}: {fault}')
    if found:
        raise ValueError(f'{path}: {len({file for file, _ in found})} of {files} files would be refused, for the {len(found)} faults above')
    print(f'{path}: {files} files, nothing that grand-challenge or MIDOG would refuse')
    return 0
