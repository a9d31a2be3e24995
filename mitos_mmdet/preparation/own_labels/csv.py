"""CSV files with a header: one for all images (with a column that names the image) or one per image (named as the image)."""

from pathlib import Path

from mitos_mmdet.core.folders import files_below
from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.interchange.csv_header import read_header, read_table_lines
from mitos_mmdet.preparation.own_labels.found import Found


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
    files = [path for path in files_below(root) if without_gz(path).suffix.lower() == '.csv'] if root.is_dir() else [root]
    if not files:
        raise ValueError(f'{root}: holds no .csv. Give a CSV or the folder of the CSVs')
    found: dict[str, Found] = {}
    for path in files:
        _read(path, found, root if root.is_dir() else path.parent, alone=not root.is_dir())
    return list(found.values())


def _read(path, found, base, alone):
    lines = read_table_lines(path)
    if not lines:
        name = without_gz(path).relative_to(base).with_suffix('').as_posix()
        found.setdefault(name, Found(name, [], str(path)))
        return
    header = read_header(path, lines[0][1])
    if header.image is None and alone:
        raise ValueError(f'{path}: no column names the image; the columns are {", ".join(header.names)}. Call one "image", or give '
                         f'a folder with one CSV per image, named as the image')
    if header.image is None:
        name = without_gz(path).relative_to(base).with_suffix('').as_posix()
        found.setdefault(name, Found(name, [], str(path)))
    for number, line in lines[1:]:
        where = f'{path}:{number}'
        row = header.cells(line, where)
        its = found.setdefault(name, Found(name, [], where)) if header.image is None else _frame(found, row[header.image], where)
        if header.case is not None:
            its.case_id = row[header.case] or its.case_id
        its.um_per_px = header.pixel_size(row, where, its.um_per_px)
        if header.image is None or header.has_place(row):
            its.points.append((*header.centroid(row, where), (row[header.kind] or None) if header.kind is not None else None, where))


def _frame(found, name, where):
    if not name:
        raise ValueError(f'{where}: names no image. Fill the column')
    return found.setdefault(name, Found(name, [], where))
