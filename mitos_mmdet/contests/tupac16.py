"""TUPAC16, mitosis part: 73 breast cancer cases, 1 to 23 those of AMIDA13, 24 to 73 one large image each."""

from pathlib import Path

from mitos_mmdet.contests.reading import Reading
from mitos_mmdet.contests.tupac_layout import read_layout, recognises, to_files

__all__ = ['EXPLAINED', 'SPLITS', 'read', 'recognises', 'to_files']
EXPLAINED = "TUPAC16's and AMIDA13's folders: 01/02.csv, lines row,col[,confidence]"

# The table of patients in the Mask R-CNN paper of 2020 on TUPAC16; its training adds all of MITOS12's and MITOS14's.
_TRAIN = ('01 02 03 05 07 08 10 11 12 13 14 15 16 17 18 19 20 22 23 24 25 28 33 34 35 37 38 40 42 44 47 49 51 52 54 59 61 64 68 '
          '69 70 72')
_VAL = '04 06 09 21 26 29 31 39 46 48 56 65 67 73'
_TEST = '27 30 32 36 41 43 45 50 53 55 57 58 60 62 63 66 71'
SPLITS = {'mask-rcnn': {'train': _TRAIN.split(), 'val': _VAL.split(), 'test': _TEST.split()}}


def read(root: str | Path, images: str | Path | None = None, labels: str = 'original') -> Reading:
    """Reads all cases of the layout of ``tupac_layout``, whose arguments and errors these are."""
    return read_layout('TUPAC16', root, images, labels)
