"""MITOS-ATYPIA-14 (ICPR 2014): 11 breast cancer slides at x40, each on two scanners.

``H03/frames/x40/H03_00Aa.tiff`` with ``H03/mitosis/H03_00Aa_mitosis.csv`` and ``..._not_mitosis.csv``, lines ``x,y,confidence``.
A is the Aperio scanner, H the Hamamatsu; A03 and H03 are the same tissue.
"""

import re
from pathlib import Path
from typing import Any

from mitos_mmdet.contests.image_files import check_image_root, list_images
from mitos_mmdet.contests.label_files import check_folder, read_columns
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS

DOMAIN = 'human breast cancer'
# Scanner, um/px and nominal frame size px, from the contest; some H frames are one px narrower.
SCANNERS = {'A': ('Aperio ScanScope XT', (0.2455, 0.2455), (1539, 1376)),
            'H': ('Hamamatsu NanoZoomer 2.0-HT', (0.2273, 0.2275), (1663, 1485))}
# Ours: four slides against two, on the Hamamatsu alone.
SPLITS = {'hamamatsu': {'train': ('H03', 'H04', 'H15', 'H18'), 'val': ('H05', 'H11')}}

EXPLAINED = "MITOS-ATYPIA-14's folders: H03/mitosis/H03_00Aa_mitosis.csv, lines x,y,confidence"
_EXPECTED = ('the folder that holds the slides (A03, H03, ... with frames/x40 and mitosis in each), one slide, or one of its '
             'label files')
_FRAME = re.compile(r'([AH]\d\d)_\d\d[A-D][a-d]')
_LABELS = re.compile(rf'({_FRAME.pattern})_(not_)?mitosis\.csv')


def recognises(source: Any) -> bool:
    """By the names of files and of their folder; such files elsewhere are points of any frames."""
    return any(_LABELS.fullmatch(path.name) and path.absolute().parent.name == 'mitosis' for path in source.files('.csv'))


def read(root: str | Path, images: str | Path | None = None) -> Reading:
    """Reads slides and their labels.

    Args:
        root: The folder of the slides, a slide's folder, or a label file (then only that frame).
        images: Folder of the images where it is another: ``H03/frames/x40`` or ``H03`` in it, or all frames directly.

    Returns:
        Reading: Frames without a ``_mitosis.csv`` are unlabelled, as in the contest's test set.

    Raises:
        ValueError: Nothing of this contest under ``root``.
    """
    root, only = check_folder(root, _EXPECTED), None
    if root.is_file():
        found = _LABELS.fullmatch(root.name)
        if found is None or root.parent.name != 'mitosis':
            raise ValueError(f'{root}: not a label file of MITOS-ATYPIA-14. Give {_EXPECTED}')
        root, only = root.parents[2], found[1]
    # A single slide's folder is taken from its parent, so that its file names are those of the whole contest.
    slides = [root] if _is_slide(root) else sorted(path for path in [*root.glob('*'), *root.glob('*/*')] if _is_slide(path)
                                                           and '__MACOSX' not in path.relative_to(root).parts)
    base = root.parent if _is_slide(root) else root
    if not slides:
        raise ValueError(f'{root}: holds no slide of MITOS-ATYPIA-14. Give {_EXPECTED}')
    reading = Reading('MITOS-ATYPIA-14', check_image_root(images, base), [])
    for slide in slides:
        first = next(other for other in slides if other.name == slide.name)
        if first != slide:
            raise ValueError(f'{slide}: is there twice, also as {first}. Give the folder of one of them')
        _read_slide(slide, slide.relative_to(base), only, reading)
    unlabelled = sum(not frame.labelled for frame in reading.frames)
    if unlabelled:
        reading.notes.append(f'{unlabelled} frames have no _mitosis.csv: unlabelled, not negative')
    return reading


def _is_slide(path):
    return re.fullmatch(r'[AH]\d\d', path.name) and any((path / part).is_dir() for part in ('frames', 'mitosis'))


def _read_slide(slide, inside, only, reading):
    image_root = reading.image_root
    found = {}
    for folder in (image_root, image_root / inside, image_root / inside / 'frames' / 'x40'):
        found.update({stem: path for stem, path in list_images(folder).items()
                      if _FRAME.fullmatch(stem) and stem.startswith(slide.name)})
    names = {match[1] for match in (_LABELS.fullmatch(path.name) for path in slide.glob('mitosis/*.csv')) if match}
    scanner, um_per_px, size = SCANNERS[slide.name[0]]
    for name in sorted(names | set(found)):
        if only not in (None, name):
            continue
        image = found.get(name, image_root / inside / 'frames' / 'x40' / f'{name}.tiff')
        try:
            mitoses = _read_labels(slide, name, 'mitosis', MITOSIS)
            hard_negatives = _read_labels(slide, name, 'not_mitosis', HARD_NEGATIVE)
        except ValueError as error:
            reading.skipped.append((f'frame {name}', str(error)))
            continue
        reading.frames.append(LabelledFrame(
            image.relative_to(image_root).as_posix(), image, scanner, f'atypia14-{slide.name[1:]}', DOMAIN, um_per_px, size,
            labelled=mitoses is not None, slide=slide.name, labels=(mitoses or []) + (hard_negatives or [])))


def _read_labels(slide, name, kind, category):
    """The labels of one file, None where it is not there."""
    path = slide / 'mitosis' / f'{name}_{kind}.csv'
    if not path.exists():
        return None
    labels = []
    for where, (x, y, confidence) in read_columns(path, 'x,y,confidence'):
        if not 0 <= confidence <= 1:
            raise ValueError(f'{where}: confidence {confidence:g} is not between 0 and 1. Correct the line, or fetch the file again')
        labels.append(Label(category, (x, y), where, confidence))
    return labels
