"""One CSV per frame, lines ``x,y`` or ``x,y,confidence`` in px, empty where there is nothing: detections in MITOS-ATYPIA-14's form.

``H05_00Ab.csv`` or ``H05_00Ab_mitosis.csv`` holds mitoses, ``H05_00Ab_not_mitosis.csv`` hard negatives; any other frame's name will do.
"""

import re
from collections.abc import Sequence

from mitos_mmdet.contests import icpr2012, mitos_atypia14
from mitos_mmdet.contests.point_lines import as_points, read_point_files, to_lines
from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.csv_header import is_number, read_header, read_table_lines
from mitos_mmdet.interchange.frame_names import file_names
from mitos_mmdet.interchange.points import FramePoints, PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = "one CSV per frame, lines x,y[,confidence]: MITOS-ATYPIA-14's form of detections"
SUFFIXES = ('.csv',)
_KIND = re.compile(r'(.+?)(_mitosis|_not_mitosis)?')
_SUFFIX = {MITOSIS: '_mitosis', HARD_NEGATIVE: '_not_mitosis'}
# Whose frames they are, by their names: the contests' scanners and pixel sizes.
_CONTESTS = ((re.compile(r'[AH]\d\d_\d\d[A-D][a-d]'), mitos_atypia14), (re.compile(r'[AH]\d\d_\d\d'), icpr2012))


def recognises(source: Source) -> bool:
    return bool(source.files('.csv'))


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames in px, with the contest's pixel size where the name is a contest's.

    Raises:
        ValueError: A line that is no point.
    """
    files: dict[str, list] = {}
    for path, rows in _rows(source.files('.csv')).items():
        path_in = path.relative_to(source.path) if source.is_folder else path.relative_to(path.parent)
        match = _KIND.fullmatch(without_gz(path).stem)
        assert match is not None  # the pattern takes any name
        stem, kind = match.groups()
        files.setdefault(path_in.with_name(stem).as_posix(), []).append((HARD_NEGATIVE if kind == '_not_mitosis' else MITOSIS, rows))
    return PointFile(source.path, 'csv', [_frame(name, its, source) for name, its in files.items()])


def _rows(paths):
    try:
        return read_point_files(paths, 'x,y')
    except ValueError:
        for path in paths:
            first = next((line for _, line in read_table_lines(path)), '1')
            if not any(map(is_number, first.split(','))):
                read_header(path, first)  # a header of which no column is a place: that is what is wrong
        raise


def _frame(name, files, source):
    points = [(x, y, label, score) for label, rows in files for x, y, score in as_points(rows)]
    return points_of(name, points, f'{source.path}: {name}', not source.truth, **_described(name))


def to_files(frames: Sequence[FramePoints]) -> list[tuple[str, str]]:
    """``[('H05_00Ab_mitosis.csv', text), ...]``, one per frame and class; that of mitotic figures also where there are none."""
    made = []
    for name, frame in zip(file_names(frames), frames, strict=True):
        for label in (MITOSIS, *sorted(set(frame.labels) - {MITOSIS})):
            if label not in _SUFFIX:
                raise ValueError(f'{frame.name}: the class {label!r} has no file in this form. Choose qupath')
            mine = frame.labels == label
            made.append((f'{name}{_SUFFIX[label]}.csv', to_lines(
                frame.xy[mine, 0], frame.xy[mine, 1], None if frame.scores is None else frame.scores[mine])))
    return made


def _described(name):
    contest = next((module for pattern, module in _CONTESTS if pattern.fullmatch(name.rpartition('/')[2])), None)
    if contest is None:
        return {}
    scanner, um_per_px, size = contest.SCANNERS[name.rpartition('/')[2][0]]
    return dict(scanner=scanner, um_per_px=um_per_px, size_px=size, domain=contest.DOMAIN)
