"""MITOS-ATYPIA-14's own layout, ``H03/mitosis/H03_00Aa_mitosis.csv``; without these folders it is ``csv_points``."""

import re

from mitos_mmdet.interchange.contest_labels import read_contest

EXPLAINED = "MITOS-ATYPIA-14's folders: H03/mitosis/H03_00Aa_mitosis.csv, lines x,y,confidence"
_NAME = re.compile(r'[AH]\d\d_\d\d[A-D][a-d]_(not_)?mitosis\.csv')


def recognises(source):
    return any(_NAME.fullmatch(path.name) and path.absolute().parent.name == 'mitosis' for path in source.files('.csv'))


def read(source):
    """See ``contest_labels.read_contest``; the contest's confidence is the score."""
    return read_contest(source, 'mitos-atypia-14')
