"""ICPR 2012 mitosis contest (MITOS): frames of 5 breast cancer slides, mitoses outlined pixel by pixel.

``A00_01.bmp`` beside ``A00_01.csv``; **a line is a mitosis**: ``x,y,x,y,...`` of all its pixels. A is the Aperio scanner, H the
Hamamatsu. The contest's own split is by frame, with the same patients in both halves, and file names do not tell it: not offered.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from mitos_mmdet.contests.image_files import check_image_root, list_images
from mitos_mmdet.contests.label_files import check_folder, parse_numbers, read_lines
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.core.folders import files_below
from mitos_mmdet.datasets.coco_format import MITOSIS

DOMAIN = 'human breast cancer'
# Scanner, um/px and frame size px, from the contest.
SCANNERS = {'A': ('Aperio ScanScope XT', (0.2456, 0.2456), (2084, 2084)),
            'H': ('Hamamatsu NanoZoomer 2.0-HT', (0.2273, 0.2275), (2252, 2250))}
SPLITS: dict[str, dict] = {}

EXPLAINED = "ICPR 2012's CSVs: A00_01.csv, a line the pixels of a mitotic figure"
_EXPECTED = 'the folder that holds A00_01.csv and its like (also in folders below), or one of these files'
_FRAME = re.compile(r'([AH])(\d\d)_\d\d')


def recognises(source: Any) -> bool:
    """By name, and by lines too long to be a point; points on these frames are points of any frames."""
    lines = (read_lines(path)[:1] for path in source.files('.csv') if _FRAME.fullmatch(path.stem))
    first = next(filter(None, lines), None)
    return first is not None and first[0][1].count(',') > 2


def read(root: str | Path, images: str | Path | None = None) -> Reading:
    """Reads frames and their pixel lists.

    Args:
        root: The folder of the frames, at any depth, or a label file (then only that frame).
        images: Folder of the images where it is another, laid out as ``root`` or flat.

    Returns:
        Reading: Centroids are the means of the outlines' pixels. Frames without a csv are unlabelled.

    Raises:
        ValueError: Nothing of this contest under ``root``.
    """
    root = check_folder(root, _EXPECTED)
    present, base = ([root], root.parent) if root.is_file() else (files_below(root), root)
    paths = [path for path in present if path.suffix == '.csv' and _FRAME.fullmatch(path.stem)]
    files = {path.stem: path for path in reversed(paths)}
    twice = [path for path in paths if files[path.stem] != path]
    if twice:
        raise ValueError(f'{twice[0]}: is there twice, also as {files[twice[0].stem]}. Give the folder of one of them')
    if not files:
        raise ValueError(f'{root}: holds no label file of ICPR 2012. Give {_EXPECTED}')
    reading = Reading('ICPR 2012', check_image_root(images, base), [], default_box=None)
    folders = {reading.image_root, *(reading.image_root / path.parent.relative_to(base) for path in files.values())}
    found = {stem: path for folder in sorted(folders) for stem, path in list_images(folder).items() if _FRAME.fullmatch(stem)}
    for name in sorted(files if root.is_file() else {*files, *found}):
        _read_frame(name, files.get(name), found.get(name), base, reading)
    unlabelled = sum(not frame.labelled for frame in reading.frames)
    if unlabelled:
        reading.notes.append(f'{unlabelled} frames have no csv: unlabelled, not negative')
    return reading


def _read_frame(name, path, image, base, reading):
    scanner_letter, case = _FRAME.fullmatch(name).groups()
    scanner, um_per_px, size = SCANNERS[scanner_letter]
    image = image or reading.image_root / path.parent.relative_to(base) / f'{name}.bmp'
    try:
        labels = [] if path is None else _read_outlines(path)
    except ValueError as error:
        reading.skipped.append((f'frame {name}', str(error)))
        return
    # Slides 03 and 04 came back two years later as ATYPIA-14's 03 and 04: one case, or test tissue leaks into training.
    case_id = f'atypia14-{case}' if case in ('03', '04') else f'icpr12-{case}'
    file_name = image.relative_to(reading.image_root).as_posix()
    reading.frames.append(LabelledFrame(file_name, image, scanner, case_id, DOMAIN, um_per_px, size, labelled=path is not None,
                                slide=scanner_letter + case, labels=labels))


def _read_outlines(path):
    labels = []
    for number, line in read_lines(path):
        where = f'{path}:{number}'
        values = parse_numbers(line, where, 'the pixels of one mitosis, x,y,x,y,...')
        if len(values) % 2:
            raise ValueError(f'{where}: {len(values)} numbers are no whole x,y pairs. Correct the line, or fetch the file again')
        pixels = np.unique(np.array(values).reshape(-1, 2).round().astype(int), axis=0)
        labels.append(Label(MITOSIS, tuple(pixels.mean(axis=0).tolist()), where, outline=pixels))
    return labels
