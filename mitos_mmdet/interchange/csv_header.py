"""The header of a CSV of points or boxes, and its rows: what each column is, by its name.

A row is a point (``x, y``), a box by its corners (``x1, y1, x2, y2``) or a box by its upper left corner and size (``x, y, width,
height``), all in px. Names count in lower case, without blanks, dots, dashes and underscores; columns of other names are ignored.
"""

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.core.text_files import read_text

# In the order they are looked for.
_IMAGE = ('image', 'filename', 'file', 'imagename', 'imagefile', 'imagepath', 'path', 'frame', 'slide')
_CLASS = ('class', 'label', 'category', 'classname', 'classification', 'type', 'name')
_CASE = ('caseid', 'case', 'patient', 'patientid')
UM_PER_PX_NAMES = ('umperpx', 'um/px', 'mpp', 'pixelsize', 'pixelsizeum')
_SCORE = ('score', 'confidence', 'probability', 'prob', 'conf')
_POINT = (('xpx', 'ypx'), ('x', 'y'), ('centroidx', 'centroidy'), ('centerx', 'centery'), ('centrex', 'centrey'), ('cx', 'cy'),
          ('centroidxpx', 'centroidypx'))
_CORNERS = (('x1', 'y1', 'x2', 'y2'), ('xmin', 'ymin', 'xmax', 'ymax'), ('left', 'top', 'right', 'bottom'))
_SIZES = (('x', 'y', 'width', 'height'), ('x', 'y', 'w', 'h'), ('left', 'top', 'width', 'height'))
_PLACES: tuple[tuple[tuple, Callable], ...] = (
    (_CORNERS, lambda box: ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)),
    (_SIZES, lambda box: (box[0] + box[2] / 2, box[1] + box[3] / 2)),
    (_POINT, tuple))
_USED = {*_IMAGE, *_CLASS, *_CASE, *UM_PER_PX_NAMES, *_SCORE, *(name for kinds, _ in _PLACES for names in kinds for name in names)}


@dataclass(frozen=True)
class CsvHeader:
    """What ``read_header`` gives.

    Attributes:
        names: The columns as the file calls them.
        delimiter: ``','``, ``';'`` or a tab.
        place: Indices of the columns of the place.
        centre: The centroid of the numbers in these columns.
        image, kind, case, um_per_px, score: Index of the column of that, None without one; ``kind`` is the class.
    """

    names: list
    delimiter: str
    place: list
    centre: Callable
    image: int | None
    kind: int | None
    case: int | None
    um_per_px: int | None
    score: int | None

    def cells(self, line: str, where: str) -> list[str]:
        """The cells of a row, as many as the header has.

        Raises:
            ValueError: There are more, as a decimal comma makes of a number between commas.
        """
        row = [cell.strip() for cell in _split(line, self.delimiter, where)]
        if any(row[len(self.names):]):
            raise ValueError(f'{where}: has {len(row)} cells, the header {len(self.names)}. Write decimals with a point, and put text with '
                             f'{self.delimiter!r} into quotes')
        return row[:len(self.names)] + [''] * (len(self.names) - len(row))

    def number(self, row: list[str], index: int, where: str) -> float:
        """The number in a cell; with a decimal comma, too, where commas do not separate.

        Raises:
            ValueError: There is none.
        """
        text = row[index] if self.delimiter == ',' else row[index].replace(',', '.')
        if not is_number(text):
            raise ValueError(f'{where}: {self.names[index]} is {row[index][:40]!r}, not a number. Correct the row')
        return float(text)

    def pixel_size(self, row: list[str], where: str, before: tuple | None = None) -> tuple | None:
        """``(x, y)`` um/px of the row's image; where the row does not say it, that of a row before.

        Raises:
            ValueError: No number, none that a microscope gives, or another than before.
        """
        if self.um_per_px is None or not row[self.um_per_px]:
            return before
        given = check_um_per_px((self.number(row, self.um_per_px, where),) * 2, where)
        if before not in (None, given):
            raise ValueError(f'{where}: {self.names[self.um_per_px]} is {given[0]:g}, in a row before {before[0]:g} of the same image. '
                             f'Correct one of them')
        return given

    def has_place(self, row: list[str]) -> bool:
        """False of a row that names an image and no place: looked at, nothing found."""
        return any(row[index] for index in self.place)

    def centroid(self, row: list[str], where: str) -> tuple:
        """``(x, y)`` of a row."""
        return self.centre([self.number(row, index, where) for index in self.place])


def read_table_lines(path: str | Path) -> list[tuple[int, str]]:
    """The lines that hold more than blanks and separators, as ``[(line number from 1, text), ...]``.

    Raises:
        ValueError: The file cannot be read, or is no text.
    """
    lines = enumerate(read_text(path, 'Give a CSV or the folder of the CSVs').splitlines(), start=1)
    return [(number, line) for number, line in lines if line.strip(',;\t ')]


def read_header(path: str | Path, line: str) -> CsvHeader:
    """What the columns are.

    Args:
        path: The file, for messages.
        line: Its first line.

    Raises:
        ValueError: A column twice, no columns of a place, or numbers instead of names.
    """
    delimiter = max(',;\t', key=line.count)
    header = _split(line, delimiter, str(path))
    names = [plain_name(name) for name in header]
    twice = next((name for name in _USED if names.count(name) > 1), None)
    if twice:
        raise ValueError(f'{path}: has the column {header[names.index(twice)]!r} twice. Leave the one that is meant')
    columns = {name: index for index, name in reversed(list(enumerate(names)))}
    known = {what: next((columns[name] for name in choice if name in columns), None) for what, choice in (
        ('image', _IMAGE), ('kind', _CLASS), ('case', _CASE), ('um_per_px', UM_PER_PX_NAMES), ('score', _SCORE))}
    for kinds, centre in _PLACES:
        for wanted in kinds:
            if all(name in columns for name in wanted):
                return CsvHeader(header, delimiter, [columns[name] for name in wanted], centre, **known)
    if all(map(is_number, header)):
        raise ValueError(f'{path}: its first line is {",".join(header)[:60]!r}, numbers instead of column names. Add a header such as '
                         f'"image,x,y,class"')
    raise ValueError(f'{path}: no columns of a place among {", ".join(header)}. Call them x and y (px), or x1, y1, x2, y2 of a box')


def _split(line, delimiter, where):
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f'{where}: is no row of a CSV ({error}). Write each row on one line, without line breaks in quotes') from error


def is_number(text: str) -> bool:
    """Whether text is a finite number as programs write it, not as Python's source may have it (``1_000``)."""
    try:
        return math.isfinite(float(text)) and '_' not in text
    except ValueError:
        return False


def plain_name(name: str) -> str:
    """A column's name in lower case, without blanks, dots, dashes, brackets and underscores; a micro sign as ``u``."""
    return re.sub(r'[\s._()-]', '', name.lower().replace('µ', 'u').replace('μ', 'u'))
