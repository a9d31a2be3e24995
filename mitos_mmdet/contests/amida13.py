"""AMIDA13 (MICCAI 2013): 23 breast cancer cases, 606 tiles of 2000 x 2000 px; TUPAC16 took it over as its cases 1 to 23."""

from mitos_mmdet.contests.records import Reading
from mitos_mmdet.contests.tupac_layout import LAST_AMIDA13, read_layout

SPLITS = {}


def read(root, images=None, labels='original') -> Reading:
    """Reads cases 1 to 23 of the layout of ``tupac_layout``, whose arguments and errors these are; case ids are TUPAC16's."""
    return read_layout('AMIDA13', root, images, labels, last_case=LAST_AMIDA13)
