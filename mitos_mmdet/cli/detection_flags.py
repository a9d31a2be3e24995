"""Flags that the tools around detections share."""

import argparse
from pathlib import Path

from mitos_mmdet.cli.number_flags import decimal
from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.core.pixel_size import PLAUSIBLE_UM_PER_PX, plausible
from mitos_mmdet.evaluation.thresholds import Threshold, read_threshold
from mitos_mmdet.interchange.csv_header import is_number
from mitos_mmdet.interchange.recognise import FORMATS


def add_um_per_px(parser: argparse.ArgumentParser, needed: str = '') -> None:
    """``--um-per-px``; ``needed`` ends its help, on when the command cannot do without."""
    parser.add_argument('--um-per-px', metavar='UM[,UM]', help='pixel size of all frames in um, as x,y where the two differ, in place of '
                        f'what the files say{needed}')


def read_um_per_px(text: str | None) -> tuple | None:
    """``'0.25'`` or ``'0.2273,0.2275'`` as ``(x, y)``; None stays None."""
    if text is None:
        return None
    sides = text.split(',')
    if len(sides) > 2 or not all(is_number(side) and float(side) > 0 for side in sides):
        raise ValueError(f'--um-per-px {text}: give a number above zero, or two as x,y, with decimal points; for example 0.25')
    return check_um_per_px((sides * 2)[:2], f'--um-per-px {text}')


def add_threshold(parser: argparse.ArgumentParser, explained: str) -> 'argparse._MutuallyExclusiveGroup':
    """``--threshold`` or ``--threshold-file``."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument('--threshold', type=decimal, metavar='T', help=explained)
    chosen.add_argument('--threshold-file', type=Path, metavar='FILE', help='the same, of mitos evaluate --choose-threshold')
    return chosen


def add_operating_threshold(parser: argparse.ArgumentParser) -> None:
    """``--threshold`` or ``--calibration`` of commands that detect."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument('--threshold', type=decimal, metavar='T', help="least score that counts (default: the model's operating threshold)")
    chosen.add_argument('--calibration', metavar='FILE.json', help='take the threshold that mitos calibrate chose for this model')


def check_detection_flags(args: argparse.Namespace) -> None:
    """Checks what commands that detect share, before the model is loaded.

    Raises:
        ValueError: A threshold outside 0 to 1, um/px that no microscope has, or no file of the region.
    """
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        raise ValueError(f'--threshold {args.threshold:g}: give a score from 0 to 1')
    if args.um_per_px is not None and not plausible((args.um_per_px,)):
        low, high = PLAUSIBLE_UM_PER_PX
        raise ValueError(f"--um-per-px {args.um_per_px:g}: is not a microscope's. Give a number from {low} to {high:g}, for example 0.25")
    if args.roi is not None and not Path(args.roi).is_file():
        raise ValueError(f'--roi {args.roi}: no such file')


def read_threshold_flags(args: argparse.Namespace) -> float | Threshold | None:
    """What ``evaluate`` takes as threshold: of the two the one that is given, else None."""
    return args.threshold if args.threshold_file is None else read_threshold(args.threshold_file)


def number_or_threshold(text: str | None) -> float | Threshold | None:
    """``'0.5'`` as a number, else the ``Threshold`` of that file; None stays None."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return read_threshold(text)


def format_list() -> str:
    """All formats that are read, for a help text."""
    return 'formats:\n' + '\n'.join(f'  {name:22} {module.EXPLAINED}' for name, module in FORMATS.items())
