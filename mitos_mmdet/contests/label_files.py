"""Label files of numbers: one line an object, separated by commas, without a header."""

import math
import os
from pathlib import Path

from mitos_mmdet.core.text_files import read_text


def read_lines(path: str | Path) -> list:
    """The lines that are not blank, as ``[(line number from 1, text), ...]``; an empty file gives an empty list.

    Blanks, carriage returns and separators at a line's end do not count: contest files have them.

    Raises:
        ValueError: The file cannot be read, or is no text.
    """
    text = read_text(path, 'Give the folder or a label file of the contest')
    lines = ((number, line.strip().rstrip(',').rstrip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in lines if line]


def parse_numbers(line: str, where: str, expected: str) -> list[float]:
    """The finite numbers of one comma-separated line.

    Args:
        line: The text.
        where: ``file:line`` for the message.
        expected: What the line should hold, for the message, as ``'row,col'``.

    Raises:
        ValueError: Something is not a finite number.
    """
    numbers = []
    for word in line.split(','):
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f'{where}: {word.strip()[:40]!r} is not a number. Every line must be {expected}, without a header')
        numbers.append(number)
    return numbers


def read_columns(path: str | Path, columns: str) -> list[tuple[str, list[float]]]:
    """A file whose lines all have the same columns.

    Args:
        path: The file.
        columns: Their names, as ``'row,col'``; these many numbers must stand in each line.

    Returns:
        list: ``[(where, [number, ...]), ...]`` with ``where`` as ``file:line``.

    Raises:
        ValueError: Unreadable, not numbers, too few or too many columns.
    """
    rows = []
    for number, line in read_lines(path):
        where = f'{path}:{number}'
        values = parse_numbers(line, where, columns)
        if len(values) != len(columns.split(',')):
            raise ValueError(f'{where}: {line[:60]!r} has {len(values)} column{"s" * (len(values) != 1)}, expected {columns}. '
                             f'Correct the line, or fetch the file again from the contest')
        rows.append((where, values))
    return rows


def check_folder(root: str | Path, expected: str) -> Path:
    """``root`` as an absolute path that exists, so that ``.`` has a name too.

    Raises:
        ValueError: It does not; ``expected`` says what should be given.
    """
    root = Path(root)
    if not root.exists():
        raise ValueError(f'{root}: no such file or folder. Give {expected}')
    return Path(os.path.abspath(root))
