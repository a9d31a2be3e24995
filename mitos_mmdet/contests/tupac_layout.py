"""The layout that AMIDA13 and TUPAC16 share: ``mitoses_ground_truth/CC/II.csv`` for image II of case CC.

Lines are ``row,col``: **y first**. An image without mitoses has no file, so negatives show only in the image folders,
``mitoses_image_data*/CC/II.tif`` or ``CC/II.tif``. The alternative labels of 2020 have a file for every image,
and ``nonmitoses_ground_truth`` with hard negatives.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mitos_mmdet.contests.image_files import check_image_root, list_images
from mitos_mmdet.contests.label_files import check_folder, read_columns
from mitos_mmdet.contests.point_lines import as_points, read_point_files, to_lines
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS

DOMAIN = 'human breast cancer'
# Nominal, from the contest: cases 1-23 are AMIDA13, 24-73 came with TUPAC16. Later cases are test images without labels.
LAST_AMIDA13, LAST_LABELLED = 23, 73
_AMIDA13, _LATER = ('Aperio ScanScope XT', (2000, 2000)), ('Leica SCN400', (5657, 5657))
_UM_PER_PX = (0.25, 0.25)

_EXPECTED = ('the folder that holds mitoses_ground_truth (for --labels alternative also nonmitoses_ground_truth), or a label '
             'file in it')
_MITOSES, _HARD_NEGATIVES = 'mitoses_ground_truth', 'nonmitoses_ground_truth'


def label_files(source: Any) -> list[Path]:
    """The label files of a ``Source``, by their names."""
    return [path.absolute() for path in source.files('.csv') if re.fullmatch(r'\d+/\d+\.csv', '/'.join(path.absolute().parts[-2:]))]


def recognises(source: Any) -> bool:
    return bool(label_files(source))


def is_hard_negatives(path: Path) -> bool:
    """Whether a label file is one of the alternative labels' hard negatives."""
    return path.parts[-3] == _HARD_NEGATIVES


def read_detections(source: Any) -> dict:
    """Detections in the layout of the labels, with a third column for the score where there is one.

    Returns:
        dict: ``{'CC/II': [(x, y, class name, score or None), ...]}``.

    Raises:
        ValueError: A line that is no point, or two sets of files.
    """
    paths = label_files(source)
    check_once(paths, source.path)
    points: dict = {}
    for path, rows in read_point_files(paths, 'row,col').items():
        label = HARD_NEGATIVE if is_hard_negatives(path) else MITOSIS
        points.setdefault(f'{path.parent.name}/{path.stem}', []).extend((x, y, label, score) for y, x, score in as_points(rows))
    return points


def to_files(named_points: Iterable[tuple]) -> list[tuple[str, str]]:
    """``[('CC/II.csv', text), ...]`` of ``[(case, image, xy (N, 2), scores or None), ...]``, also where there are no points."""
    return [(f'{case}/{image}.csv', to_lines(xy[:, 1], xy[:, 0], scores)) for case, image, xy, scores in named_points]


def check_once(paths: Iterable[Path], root: str | Path) -> None:
    """Refuses two sets of labels below one folder: which of them is meant nothing says."""
    seen: dict = {}
    for path in paths:
        other = seen.setdefault((is_hard_negatives(path), *path.parts[-2:]), path)
        if other != path:
            raise ValueError(f'{root}: holds two sets of labels, {other.parents[1]} and {path.parents[1]}. Give one of them')


def read_layout(contest: str, root: str | Path, images: str | Path | None = None, labels: str = 'original',
                last_case: int | None = None) -> Reading:
    """Reads label files and looks for images.

    Args:
        contest: Its name.
        root: The contest's folder, its label folder, or a label file ``CC/II.csv`` (then only that image).
        images: Folder of the images where it is another.
        labels: ``'original'`` or ``'alternative'``.
        last_case: Leave out cases with a higher number.

    Raises:
        ValueError: Nothing of this layout under ``root``, or labels of the other kind.
    """
    root, only = check_folder(root, _EXPECTED), None
    if root.is_file():
        if not re.fullmatch(r'\d+/\d+\.csv', f'{root.parent.name}/{root.name}'):
            raise ValueError(f'{root}: not a label file CC/II.csv. Give {_EXPECTED}')
        root, only = root.parents[1], (root.parent.name, root.stem)
    folders, base = _label_folders(root, labels)
    image_root = check_image_root(images, base)
    found = _find_images(image_root)
    files = {(path.parent.name, path.stem) for folder in folders.values() for path in folder.glob('*/*.csv')
             if path.parent.name.isdigit() and path.stem.isdigit()}
    keys = [key for key in sorted(files | set(found)) if only in (None, key) and int(key[0]) <= (last_case or int(key[0]))]
    if not keys:
        raise ValueError(f'{root}: holds no label file CC/II.csv and no image CC/II.tif. Give {_EXPECTED}')
    reading = Reading(contest, image_root, [], notes=[] if only else _notes(keys, files, found, labels))
    for key in keys:
        _read_image(key, folders, key in files, found, reading)
    return reading


def _label_folders(root, labels):
    """``({category: folder}, base)``; ``base`` is where images are looked for."""
    base = root.parent if root.name in (_MITOSES, _HARD_NEGATIVES) else root
    if labels == 'alternative' and (base / 'alternative_labels').is_dir():
        base = base / 'alternative_labels'
    mitoses, hard_negatives = base / _MITOSES, base / _HARD_NEGATIVES
    if labels == 'alternative' and mitoses.is_dir() and hard_negatives.is_dir():
        return {MITOSIS: mitoses, HARD_NEGATIVE: hard_negatives}, base.parent if base.name == 'alternative_labels' else base
    if labels == 'original' and hard_negatives.is_dir():
        raise ValueError(f'{base}: {_HARD_NEGATIVES} beside {_MITOSES} means the alternative labels. Give --labels alternative, '
                         f'or the folder of the original ones')
    if labels == 'original' and mitoses.is_dir():
        return {MITOSIS: mitoses}, base
    if labels == 'original' and any(root.glob('[0-9]*/[0-9]*.csv')):
        return {MITOSIS: root}, root
    raise ValueError(f'{root}: holds no {labels} labels of this contest. Give {_EXPECTED}')


def _find_images(image_root):
    found = {}
    for folder in [*sorted(image_root.glob('*image*data*')), image_root]:
        for case in folder.glob('[0-9]*') if folder.is_dir() else []:
            if case.name.isdigit():
                found.update({(case.name, stem): path for stem, path in list_images(case).items() if stem.isdigit()})
    return found


def _notes(keys, files, found, labels):
    notes = []
    negatives = sum(key not in files and int(key[0]) <= LAST_LABELLED for key in keys)
    if negatives:
        notes.append(f'{negatives} images without a label file are negatives')
    if labels == 'original' and not found:
        notes.append(f'without images only the {len(keys)} that have a label file are known: images without mitotic figures have none '
                     f'and are not in the output')
    unlabelled = sum(key not in files and int(key[0]) > LAST_LABELLED for key in keys)
    if unlabelled:
        notes.append(f'{unlabelled} images of cases after {LAST_LABELLED} have no labels (test set): unlabelled, not negative')
    return notes


def _read_image(key, folders, has_file, found, reading):
    case, name = key
    scanner, size = _AMIDA13 if int(case) <= LAST_AMIDA13 else _LATER
    image = found.get(key, reading.image_root / case / f'{name}.tif')
    try:
        labels = [Label(category, (col, row), where) for category, folder in folders.items()
                  if (folder / case / f'{name}.csv').exists()
                  for where, (row, col) in read_columns(folder / case / f'{name}.csv', 'row,col')]
    except ValueError as error:
        reading.skipped.append((f'image {case}/{name}', str(error)))
        return
    reading.frames.append(LabelledFrame(image.relative_to(reading.image_root).as_posix(), image, scanner, f'tupac16-{case}', DOMAIN,
                                _UM_PER_PX, size, labelled=has_file or int(case) <= LAST_LABELLED, labels=labels))
