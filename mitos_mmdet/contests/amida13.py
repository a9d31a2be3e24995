"""AMIDA13 (MICCAI 2013): 23 breast cancer cases, 606 tiles of 2000 x 2000 px; TUPAC16 took it over as its cases 1 to 23."""

from pathlib import Path

from mitos_mmdet.contests.reading import Reading
from mitos_mmdet.contests.tupac_layout import LAST_AMIDA13, read_layout

# The contest's own, by case: 12 to train on, 11 to test (Veta et al., Medical Image Analysis 2015, section 2).
SPLITS = {'contest': {'train': [f'{case:02}' for case in range(1, 13)], 'test': [f'{case:02}' for case in range(13, LAST_AMIDA13 + 1)]}}


def read(root: str | Path, images: str | Path | None = None, labels: str = 'original') -> Reading:
    """Reads cases 1 to 23 of the layout of ``tupac_layout``, whose arguments and errors these are; case ids are TUPAC16's."""
    return read_layout('AMIDA13', root, images, labels, last_case=LAST_AMIDA13)
