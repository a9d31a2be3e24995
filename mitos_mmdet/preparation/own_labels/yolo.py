"""YOLO's text files, one per image: ``class centre_x centre_y width height``, the last four as shares of the image; or a polygon."""

import math
from pathlib import Path

from mitos_mmdet.contests.image_files import SUFFIXES
from mitos_mmdet.contests.label_files import read_lines
from mitos_mmdet.core.folders import files_below
from mitos_mmdet.core.text_files import read_text
from mitos_mmdet.preparation.own_labels.found import Found

_NAME_FILES = ('classes.txt', 'obj.names', '_darknet.labels', 'data.yaml', 'data.yml', 'dataset.yaml')


def read_labels(root: str | Path) -> list:
    """Boxes of every text file under ``root``, by class name where ``classes.txt`` or ``data.yaml`` lies there or above.

    Args:
        root: The dataset's folder, its folder of labels, or one text file.

    Returns:
        list[Found]: One per text file, ``relative``; lists of images and READMEs, which lie beside labels, are left out. One that cannot be
        read, or has a line that is no box, has a ``fault``.

    Raises:
        ValueError: No such text file there.
    """
    root = Path(root)
    names = _class_names(root if root.is_dir() else root.parent)
    found = [_read(root, root.parent, names)]
    if root.is_dir():
        found = [_read(path, root, names) for path in files_below(root) if path.suffix.lower() == '.txt'
                 and path.name not in _NAME_FILES and path.name.lower().split('.')[0] != 'readme']
    found = [its for its in found if its is not None]
    if not found:
        raise ValueError(f'{root}: holds no .txt of labels. Give the folder of the YOLO labels')
    return found


def _read(path, base, names):
    """The labels of one image, or None for a list of images."""
    found = Found(_image_name(path.relative_to(base)), [], str(path), relative=True)
    try:
        lines = read_lines(path)
        if lines and all(Path(line).suffix.lower() in SUFFIXES for _, line in lines):
            return None
        found.points = [_point(line, names, f'{path}:{number}') for number, line in lines]
    except ValueError as error:
        found.fault = str(error)
    return found


def _image_name(path):
    # YOLO keeps labels/train/a.txt beside images/train/a.jpg.
    return Path(*('images' if part == 'labels' else part for part in path.with_suffix('').parts)).as_posix()


def _point(line, names, where):
    first, *rest = line.split()
    try:
        numbers = [float(word) for word in rest]
    except ValueError:
        numbers = [math.nan]
    boxes = len(numbers) in (4, 5)  # the fifth is a confidence
    if not all(map(math.isfinite, numbers)) or not (boxes or len(numbers) >= 6 and len(numbers) % 2 == 0):
        raise ValueError(f'{where}: {line[:60]!r} is not "class x y width height". Give labels in the YOLO format')
    if not all(0 <= number <= 1 for number in numbers[:4]):
        raise ValueError(f'{where}: {line[:60]!r} has coordinates outside 0 to 1. YOLO labels are shares of the image, not px')
    x, y = numbers[:2] if boxes else (sum(numbers[0::2]) / (len(numbers) // 2), sum(numbers[1::2]) / (len(numbers) // 2))
    return x, y, names.get(first, first), where


def _class_names(folder):
    """``{'0': name}`` of the nearest file of names, here or in the two folders above."""
    for parent in (folder, *list(folder.absolute().parents)[:2]):
        for name in _NAME_FILES:
            if (parent / name).is_file():
                return _read_names(parent / name)
    return {}


def _read_names(path):
    if path.suffix in ('.txt', '.names', '.labels'):
        return {str(number): line for number, (_, line) in enumerate(read_lines(path))}
    import yaml  # comes with mmengine

    try:
        names = yaml.safe_load(read_text(path))['names']
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: holds no list "names". Correct it, or give the classes by --class-map') from error
    if not isinstance(names, dict | list):
        raise ValueError(f'{path}: its "names" are {str(names)[:40]!r}, no list. Correct it, or give the classes by --class-map')
    return {str(number): str(name) for number, name in (names.items() if isinstance(names, dict) else enumerate(names))}
