"""TUPAC16 and AMIDA13: ``CC/II.csv`` for image II of case CC, lines ``row,col`` (**y first**), of detections also ``confidence``."""

import re

from mitos_mmdet.contests.tupac_layout import LAST_LABELLED
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.contest_labels import read_contest
from mitos_mmdet.interchange.csv_lines import read_points, to_lines
from mitos_mmdet.interchange.frame_names import case_and_image, key_of
from mitos_mmdet.interchange.points import PointFile, points_of

EXPLAINED = "TUPAC16's and AMIDA13's folders: 01/02.csv, lines row,col[,confidence]"
_HARD_NEGATIVES = 'nonmitoses_ground_truth'


def recognises(source):
    return bool(_label_files(source))


def read(source):
    """The truth comes through the converter's reader; detections may have a third column.

    Raises:
        ValueError: A line that is no point.
    """
    paths = _label_files(source)
    _check_once(paths, source.path)
    if source.truth:
        alternative = any(path.parts[-3] == _HARD_NEGATIVES for path in paths)
        made = read_contest(source, 'tupac16', labels='alternative' if alternative else 'original')
        # In the original labels an image without mitoses has no file; in the alternative ones each has one.
        made.is_negative = None if alternative else _is_of_a_labelled_case
        return made
    points = {}
    for path in paths:
        label = HARD_NEGATIVE if path.parts[-3] == _HARD_NEGATIVES else MITOSIS
        points.setdefault(f'{path.parent.name}/{path.stem}', []).extend(
            (x, y, label, score) for y, x, score in read_points(path, 'row,col'))
    return PointFile(source.path, 'tupac16', [points_of(name, its, f'{source.path}: {name}') for name, its in points.items()])


def to_files(frames):
    """``[('CC/II.csv', text), ...]``, one a frame, also where it has no points."""
    return [('{}/{}.csv'.format(*case_and_image(frame)), to_lines(frame.xy[:, 1], frame.xy[:, 0], frame.scores)) for frame in frames]


def _label_files(source):
    return [path.absolute() for path in source.files('.csv') if re.fullmatch(r'\d+/\d+\.csv', '/'.join(path.absolute().parts[-2:]))]


def _check_once(paths, root):
    seen = {}
    for path in paths:
        kind = path.parts[-3] == _HARD_NEGATIVES, *path.parts[-2:]
        other = seen.setdefault(kind, path)
        if other != path:
            raise ValueError(f'{root}: holds two sets of labels, as {other.parents[1]} and {path.parents[1]}. Give one of them')


def _is_of_a_labelled_case(name):
    case, image = ('', *key_of(name))[-2:]
    return case.isdigit() and image.isdigit() and int(case) <= LAST_LABELLED
