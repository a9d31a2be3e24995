"""CSV files with a header: one for all images (with a column that names the image) or one per image (named as the image)."""

import csv
import math
import re
from pathlib import Path

from mitos_mmdet.contests.label_files import read_lines
from mitos_mmdet.preparation.own_labels.found import Found

# By what a column is called in lower case, without blanks, dots, dashes and underscores. In the order they are looked for.
_IMAGE = ('image', 'filename', 'file', 'imagename', 'imagefile', 'imagepath', 'path', 'frame', 'slide')
_CLASS = ('class', 'label', 'category', 'classname', 'classification', 'type', 'name')
_CASE = ('caseid', 'case', 'patient', 'patientid')
_UM_PER_PX = ('umperpx', 'mpp', 'pixelsize', 'pixelsizeum')
_POINT = (('xpx', 'ypx'), ('x', 'y'), ('centroidx', 'centroidy'), ('centerx', 'centery'), ('centrex', 'centrey'), ('cx', 'cy'),
          ('centroidxpx', 'centroidypx'))
_CORNERS = (('x1', 'y1', 'x2', 'y2'), ('xmin', 'ymin', 'xmax', 'ymax'), ('left', 'top', 'right', 'bottom'))
_SIZES = (('x', 'y', 'width', 'height'), ('x', 'y', 'w', 'h'), ('left', 'top', 'width', 'height'))
_USED = {*_IMAGE, *_CLASS, *_CASE, *_UM_PER_PX, *(name for names in (*_POINT, *_CORNERS, *_SIZES) for name in names)}


def read_labels(root: str | Path) -> list:
    """Points of every CSV under ``root``.

    A row is a point (``x, y``), a box by its corners (``x1, y1, x2, y2``) or a box by its upper left corner and size
    (``x, y, width, height``); columns for class, case and um/px are optional, and further columns are ignored.

    Args:
        root: A CSV, or a folder of CSVs (at any depth).

    Returns:
        list[Found]: One per image.

    Raises:
        ValueError: No CSV there, no header, no columns of a place, or a row without a place.
    """
    root = Path(root)
    files = sorted(path for path in root.rglob('*') if path.suffix.lower() == '.csv') if root.is_dir() else [root]
    if not files:
        raise ValueError(f'{root}: holds no .csv. Give a CSV or the folder of the CSVs')
    found: dict[str, Found] = {}
    for path in files:
        _read(path, found, root if root.is_dir() else path.parent, alone=not root.is_dir())
    return list(found.values())


def _read(path, found, base, alone):
    lines = read_lines(path)
    if not lines:
        name = path.relative_to(base).with_suffix('').as_posix()
        found.setdefault(name, Found(name, [], str(path)))
        return
    delimiter = max(',;\t', key=lines[0][1].count)
    header = next(csv.reader([lines[0][1]], delimiter=delimiter))
    names = [re.sub(r'[\s._()µ-]', '', name.lower().replace('µ', 'u')) for name in header]
    twice = next((name for name in _USED if names.count(name) > 1), None)
    if twice:
        raise ValueError(f'{path}: has the column {header[names.index(twice)]!r} twice. Leave the one that is meant')
    columns = {name: index for index, name in reversed(list(enumerate(names)))}
    place = _place_of(columns, header, path)
    image, kind, case, size = (_first(columns, names) for names in (_IMAGE, _CLASS, _CASE, _UM_PER_PX))
    if image is None and alone:
        raise ValueError(f'{path}: no column names the image; the columns are {", ".join(header)}. Call one "image", or give a folder '
                         f'with one CSV per image, named as the image')
    if image is None:
        name = path.relative_to(base).with_suffix('').as_posix()
        found.setdefault(name, Found(name, [], str(path)))
    for number, line in lines[1:]:
        where = f'{path}:{number}'
        row = next(csv.reader([line], delimiter=delimiter))
        row += [''] * (len(header) - len(row))
        its = found.setdefault(name, Found(name, [], where)) if image is None else _frame(found, row[image].strip(), where)
        if case is not None:
            its.case_id = row[case].strip() or its.case_id
        if size is not None and row[size].strip():
            its.um_per_px = (_number(row[size], where, header[size]),) * 2
        if image is not None and not any(row[index].strip() for index in place.columns):
            continue  # a row that names an image and no place: looked at, nothing found
        x, y = place.centre([_number(row[index], where, header[index]) for index in place.columns])
        its.points.append((x, y, row[kind].strip() or None if kind is not None else None, where))


def _frame(found, name, where):
    if not name:
        raise ValueError(f'{where}: names no image. Fill the column')
    return found.setdefault(name, Found(name, [], where))


class _Place:
    """Which columns are the place, and the centroid of their numbers."""

    def __init__(self, columns, centre):
        self.columns, self.centre = columns, centre


def _place_of(columns, header, path):
    for names in _CORNERS:
        if all(name in columns for name in names):
            return _Place([columns[name] for name in names], lambda box: ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    for names in _SIZES:
        if all(name in columns for name in names):
            return _Place([columns[name] for name in names], lambda box: (box[0] + box[2] / 2, box[1] + box[3] / 2))
    for names in _POINT:
        if all(name in columns for name in names):
            return _Place([columns[name] for name in names], tuple)
    if all(_is_number(name) for name in header):
        raise ValueError(f'{path}: its first line is {",".join(header)[:60]!r}, numbers instead of column names. Add a header such as '
                         f'"image,x,y,class"')
    raise ValueError(f'{path}: no columns of a place among {", ".join(header)}. Call them x and y (px), or x1, y1, x2, y2 of a box')


def _first(columns, names):
    return next((columns[name] for name in names if name in columns), None)


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _number(text, where, column):
    if not _is_number(text):
        raise ValueError(f'{where}: {column} is {text.strip()[:40]!r}, not a number. Correct the row')
    return float(text)
