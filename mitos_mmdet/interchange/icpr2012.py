"""ICPR 2012's label files: a line is a mitosis, the ``x,y,x,y,...`` of all its pixels."""

import re

from mitos_mmdet.contests.label_files import read_lines
from mitos_mmdet.interchange.contest_labels import read_contest

EXPLAINED = "ICPR 2012's CSVs: A00_01.csv, a line the pixels of a mitosis"
_NAME = re.compile(r'[AH]\d\d_\d\d\.csv')


def recognises(source):
    """By name, and by lines too long to be a point; points on these frames come as ``csv``."""
    lines = (read_lines(path)[:1] for path in source.files('.csv') if _NAME.fullmatch(path.name))
    first = next(filter(None, lines), None)
    return first is not None and first[0][1].count(',') > 2


def read(source):
    """See ``contest_labels.read_contest``."""
    return read_contest(source, 'icpr2012')
