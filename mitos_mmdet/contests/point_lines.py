"""CSV lines of a point: two coordinates and, where there is one, a score."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mitos_mmdet.contests.label_files import parse_numbers, read_lines
from mitos_mmdet.core.text_files import read_text


def read_point_files(paths: Iterable[Path], columns: str) -> dict:
    """The points of several files of one kind.

    Args:
        paths: The files.
        columns: What the two coordinates are, for the message, as ``'row,col'``.

    Returns:
        dict: ``{path: rows}``, rows being a sequence of ``[first, second]`` or ``[first, second, score]``; none of an empty file.

    Raises:
        ValueError: A line of other than two or three finite numbers, or a first column that numbers the lines or is a confidence.
    """
    lines = {path: _read(path, columns) for path in paths}
    _check_roles(lines, columns)
    return lines


def as_points(rows: Iterable[Sequence[float]] | np.ndarray) -> list[tuple]:
    """``[(first, second, score or None), ...]`` of a file's rows."""
    return [(*values, None)[:3] for values in (rows.tolist() if isinstance(rows, np.ndarray) else rows)]


def to_lines(firsts: np.ndarray, seconds: np.ndarray, scores: np.ndarray | None) -> str:
    """The lines of a file; ``repr`` writes each number so that it reads back as the same."""
    columns = [firsts, seconds] if scores is None else [firsts, seconds, scores]
    return ''.join(','.join(map(repr, row)) + '\n' for row in zip(*(column.tolist() for column in columns), strict=True))


def _read(path, columns):
    fast = _read_fast(path)
    if fast is not None:
        return fast  # an array, a tenth of the memory of lists
    rows = []
    for number, line in read_lines(path):
        values = parse_numbers(line, f'{path}:{number}', f'{columns}[,confidence]')
        if len(values) == 4 and values[0] in (len(rows), len(rows) + 1):
            raise ValueError(f'{path}:{number}: {line[:60]!r} has 4 columns, expected {columns}[,confidence]. The first one numbers the '
                             f'lines: write the file without it (pandas: index=False)')
        if len(values) not in (2, 3):
            raise ValueError(f'{path}:{number}: {line[:60]!r} has {len(values)} columns, expected {columns}[,confidence]. Correct the line')
        rows.append(values)
    return rows


def _read_fast(path):
    """The rows of a file that has nothing odd in it, by numpy's parser; None for any other, which is then read line by line."""
    text = read_text(path, 'Give the folder or a label file of the contest')
    try:
        rows = np.loadtxt(text.splitlines(), delimiter=',', ndmin=2, comments=None) if text.strip() else None
    except ValueError:
        return None
    return rows if rows is not None and rows.shape[1] in (2, 3) and np.isfinite(rows).all() else None


def _check_roles(lines, columns):
    """Refuses ``index,x,y`` and ``confidence,x,y`` read as ``x,y,confidence``: the third column is no confidence, the first no place."""
    total = sum(map(len, lines.values()))
    firsts, large, first = [], 0, None
    for path, rows in lines.items():
        if any(len(row) < 3 for row in rows[:1]) or (not isinstance(rows, np.ndarray) and any(len(row) < 3 for row in rows)):
            return
        if len(rows):
            table = np.asarray(rows)
            large += int((np.abs(table[:, 2]) > 1).sum())
            firsts.append(table[:, 0])
            first = first or (path, table[0, 2])
    if not first or 2 * large <= total:
        return
    if total > 1 and all(((its >= 0) & (its <= 1)).all() for its in firsts) and any((its % 1).any() for its in firsts):
        raise ValueError(f'{first[0]}: the first column, from 0 to 1, looks like the confidence, and the third, {first[1]:g}, like a '
                         f'place. Write {columns},confidence')
    if all(map(_numbers_lines, firsts)) and max(its.max() for its in firsts) <= total:
        raise ValueError(f'{first[0]}: the first column numbers the lines, and the third, here {first[1]:g}, is no confidence. Write '
                         f'{columns}[,confidence] without the index (pandas: index=False)')


def _numbers_lines(values):
    """Whether they are different whole numbers with no gap, in any order."""
    return (values == np.floor(values)).all() and len(np.unique(values)) == len(values) and np.ptp(values) < len(values)
