"""Flags that the tools around detections share."""

from mitos_mmdet.evaluation.formats.recognise import FORMATS
from mitos_mmdet.evaluation.thresholds import read_threshold
from mitos_mmdet.lengths import check_um_per_px


def add_um_per_px(parser):
    """``--um-per-px``."""
    parser.add_argument('--um-per-px', metavar='UM[,UM]',
                        help='pixel size of all frames, x,y where they differ, in place of what the files say; needed where truth and '
                             'detections are one in mm, one in px, and neither says it')


def read_um_per_px(text):
    """``'0.25'`` or ``'0.2273,0.2275'`` as ``(x, y)``; None stays None."""
    if text is None:
        return None
    sides = text.split(',')
    return check_um_per_px(sides * 2 if len(sides) == 1 else sides, f'--um-per-px {text}', needed_for='a length in um')


def format_list():
    """All formats that are read, for a help text."""
    return 'formats:\n' + '\n'.join(f'  {name:22} {module.EXPLAINED}' for name, module in FORMATS.items())


def read_threshold_flags(number, path):
    """What ``evaluate`` takes as threshold: of ``--threshold`` and ``--threshold-file`` the one that is given, else None."""
    return read_threshold(path) if path is not None else number
