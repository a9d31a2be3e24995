"""The slides of a cohort: a CSV manifest, a folder, or a glob."""

import csv
import math
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from mitos_mmdet.cli.detect_inputs import find_inputs, say_skipped, series_of, without_dicom_parts
from mitos_mmdet.core.names import as_spelled_there
from mitos_mmdet.interchange.csv_header import UM_PER_PX_NAMES, plain_name
from mitos_mmdet.slides.cohort.cohort_slide import CohortSlide, folder_names


def read_cohort(source: str, out_dir: str | Path) -> list:
    """The slides, each with a folder name of its own.

    A manifest, with commas, semicolons or tabs between its columns, has the column ``path`` and may have ``um_per_px`` and ``roi``;
    whatever else it holds, as ``case_id``, is carried through. Paths in it count from the manifest's folder. A slide that is not there is
    no error here: it fails alone.

    Args:
        source: Path of a ``.csv`` manifest, a slide, a folder, or a glob.
        out_dir: Output folder: what lies in it is no slide.

    Returns:
        list[CohortSlide]

    Raises:
        ValueError: Unreadable, no ``path`` column, a row without a path, um/px that is no number, a slide twice, or no slide at all.
    """
    if Path(source).suffix.lower() == '.csv':
        slides = _manifest(Path(source))
    else:
        inputs, ignored = find_inputs([source], out_dir)
        inputs, parts = without_dicom_parts(inputs)
        say_skipped(ignored, 'not known as slides or images')
        say_skipped(parts, 'belonging to DICOM slides already listed')
        slides = [CohortSlide(path, columns={'path': str(path)}) for path in inputs]
    if not slides:
        raise ValueError(f'{source}: lists no slide')
    return [replace(slide, folder=name) for slide, name in zip(slides, folder_names(slides), strict=True)]


def _manifest(path):
    rows, names = _rows(path)
    if 'path' not in names:
        found = ', '.join(map(repr, names)) or 'none at all'
        raise ValueError(f"{path}: has no column path, only {found}. Name the column of the slides' files path")
    slides, seen = [], {}
    for line, row in rows:
        where = f'{path}, line {line}'
        if None in row:
            raise ValueError(f'{where}: has more fields than the heading. Put text with commas into quotes')
        slide = _slide(row, where, path.parent)
        series = series_of(slide.path)
        key = (os.path.realpath(slide.path.parent), series) if series else os.path.realpath(slide.path), slide.roi
        if key in seen:
            again = f"{row['path']}, a part of the same DICOM slide as" if series else f"{row['path']} again, as"
            raise ValueError(f'{where}: lists {again} line {seen[key]}. Remove one of them')
        seen[key] = line
        slides.append(slide)
    return slides


def _rows(path):
    """``([(line, {column: text})], columns)``; commas, semicolons (Excel, in many countries) or tabs between, as the heading has them."""
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            heading = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, restval='', delimiter=max(',;\t', key=heading.count), strict=True)
            names = _names(reader.fieldnames or ())
            reader.fieldnames = names
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeError as error:
        raise ValueError(f'{path}: is no text in UTF-8. Save it as CSV in UTF-8, with the column path') from error
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f'{path}: cannot be read ({reason}). Give a CSV file with the column path') from error
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if twice:
        raise ValueError(f'{path}: has the column {twice[0]} twice. Rename or remove one of them')
    return rows, names


def _names(heading):
    """The columns' names without spaces around; ours in lower case, ``um_per_px`` also for ``MPP`` and the like where it is absent."""
    names = [text.strip() for text in heading]
    names = [name.lower() if name.lower() in ('path', 'um_per_px', 'roi') else name for name in names]
    if 'um_per_px' in names:
        return names
    return ['um_per_px' if plain_name(name) in UM_PER_PX_NAMES else name for name in names]


def _there(folder, name):
    """The path of a slide or region: its name may have Windows' backslashes, or accents written otherwise than on the disk."""
    path = as_spelled_there(folder / name)
    return path if os.path.exists(path) else as_spelled_there(folder / name.replace('\\', '/'))


def _slide(row, where, folder):
    name = row['path'].strip()
    if not name or '\0' in name:
        raise ValueError(f'{where}: has no path. Fill it in, or remove the line')
    um_per_px, roi = (row.get('um_per_px') or '').strip(), (row.get('roi') or '').strip()
    return CohortSlide(_there(folder, name), _um_per_px(um_per_px, where) if um_per_px else None,
                       str(_there(folder, roi)) if roi else None, dict(row))


def _um_per_px(text, where):
    try:
        value = float(text.replace(',', '.'))  # a decimal comma, where semicolons stand between
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f"{where}: um_per_px is {text!r}. Give a number above 0, for example 0.25, or leave it empty for the file's own")
    return value
