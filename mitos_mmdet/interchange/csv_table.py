"""CSVs with a header that names their columns: one for all frames, with a column ``image``, or one per frame, named as the frame.

``image,x,y,score`` is the least; boxes, a class and the pixel size are read, too (``csv_header``). A row with an image and no place says
that nothing was found there.
"""

from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.csv_header import read_header, read_table_lines
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = 'CSVs with a header: points or boxes in px, one file for all images (column image) or one per image; columns score, class'
SUFFIXES = ('.csv',)


def recognises(source: Source) -> bool:
    """By the first line of the first file that has one."""
    first = next((lines[0][1] for lines in map(read_table_lines, source.files('.csv')) if lines), None)
    try:
        return first is not None and bool(read_header(source.path, first).names)
    except ValueError:
        return False


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames in px; their order is that of their first rows.

    Raises:
        ValueError: No columns of a place, or a row without a number there or in the column of the score.
    """
    found: dict[str, tuple[list, dict]] = {}
    for path in source.files('.csv'):
        _read(path, source, found)
    return PointFile(source.path, 'csv-table', [
        points_of(name, points, f'{source.path}: {name}', not source.truth, **more) for name, (points, more) in found.items()])


def _read(path, source, found):
    lines = read_table_lines(path)
    header = read_header(path, lines[0][1]) if lines else None
    own = without_gz(path.relative_to(source.path) if source.is_folder else path.relative_to(path.parent)).with_suffix('').as_posix()
    if header is None or header.image is None:
        found.setdefault(own, ([], {}))
    for number, line in lines[1:]:
        where = f'{path}:{number}'
        row = header.cells(line, where)
        name = own if header.image is None else row[header.image]
        if not name:
            raise ValueError(f'{where}: names no image. Fill the column')
        points, more = found.setdefault(name, ([], {}))
        more['um_per_px'] = header.pixel_size(row, where, more.get('um_per_px'))
        if header.case is not None and row[header.case]:
            more['case_id'] = row[header.case]
        if header.image is None or header.has_place(row):
            score = header.number(row, header.score, where) if header.score is not None and row[header.score] else None
            points.append((*header.centroid(row, where), (header.kind is not None and row[header.kind]) or MITOSIS, score))
