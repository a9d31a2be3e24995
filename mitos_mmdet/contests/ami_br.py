"""AMi-Br (Bertram et al., 2025): a patch of 128 px around every mitotic figure of MIDOG 2021 and TUPAC16 (alternative labels).

``AMI-BR.csv`` names slide, place and the experts' votes; patches are ``atypical/DATASET_UID.jpg`` and ``normal/DATASET_UID.jpg``.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from mitos_mmdet.contests.label_files import check_folder
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.datasets.coco_format import MITOSIS

EXPLAINED = 'AMi-Br: AMI-BR.csv and its patches'
SPLITS: dict[str, dict] = {}
TABLE, ATYPICAL, NORMAL = 'AMI-BR.csv', 'atypical', 'normal'
PATCH_PX = 128
_DOMAIN = 'human breast cancer'
# MIDOG 2021's slides by number, TUPAC16's cases by number: the last one of each scanner, and its um/px (nominal, from the contests).
_SCANNERS = {
    'MIDOG21': ((50, 'Hamamatsu XR', 0.23), (100, 'Hamamatsu S360', 0.23), (150, 'Aperio CS2', 0.25)),
    'TUPAC16': ((23, 'Aperio ScanScope XT', 0.25), (73, 'Leica SCN400', 0.25)),
}
_EXPECTED = f'the folder that holds {TABLE} and the folders {ATYPICAL} and {NORMAL}'


def recognises(source: Any) -> bool:
    """Patches are no detections of a frame: nothing is scored against them."""
    return False


def read(root: str | Path, images: str | Path | None = None) -> Reading:
    """Every patch as a frame, with all mitotic figures that lie in it: its own in the middle, and neighbours.

    Raises:
        ValueError: No ``AMI-BR.csv`` under ``root``, or one without its columns.
    """
    root = check_folder(root, _EXPECTED)
    root = root.parent if root.is_file() else root
    rows = read_table(root)
    reading = Reading('AMi-Br', Path(images or root), [])
    by_slide = defaultdict(list)
    for row in rows:
        by_slide[row['dataset'], row['slide']].append(row)
    for row in rows:
        reading.frames.append(_frame(row, by_slide[row['dataset'], row['slide']], reading.image_root))
    return reading


def read_table(root: str | Path) -> list[dict]:
    """Rows of ``AMI-BR.csv``: dicts of its columns with ``x`` and ``y`` as integers, ``atypical`` as bool, and the patch's ``file_name``.

    Raises:
        ValueError: Not there, or a row without one of the columns.
    """
    path = Path(root) / TABLE
    try:
        with open(path, encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror}). Give {_EXPECTED}') from error
    try:
        for row in rows:
            row['x'], row['y'], row['atypical'] = int(row['x']), int(row['y']), row['majority_atypical'] == 'True'
            row['file_name'] = f"{ATYPICAL if row['atypical'] else NORMAL}/{row['dataset']}_{row['uid']}.jpg"
            row['scanner'], row['um_per_px'] = _scanner(row['dataset'], row['slide'])
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ValueError(f'{path}: not the table of AMi-Br ({error!r}). Give {_EXPECTED}') from error
    return rows


def _scanner(dataset, slide):
    number = int(slide[:3].split('_')[0].split('.')[0])
    return next((name, um_per_px) for last, name, um_per_px in _SCANNERS[dataset] if number <= last)


def _frame(row, neighbours, image_root):
    half = PATCH_PX // 2
    labels = [Label(MITOSIS, (half + other['x'] - row['x'], half + other['y'] - row['y']), f"{TABLE}: {other['dataset']} {other['uid']}")
              for other in neighbours if abs(other['x'] - row['x']) < half and abs(other['y'] - row['y']) < half]
    case = f"{row['dataset'].lower()}-{row['slide'].split('.')[0].removesuffix('_stitched1')}"
    return LabelledFrame(row['file_name'], image_root / row['file_name'], row['scanner'], case, _DOMAIN, (row['um_per_px'], ) * 2,
                 (PATCH_PX, PATCH_PX), exact_size=True, labels=labels)
