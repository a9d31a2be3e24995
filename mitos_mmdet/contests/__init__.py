"""From each contest's own files to the annotation file of ``coco_format``; one contest a file, no torch, no mmdet.

A contest's module is the only one that knows its label files, for conversion and for scoring. It offers ``read(root, images=None, ...) ->
Reading``; ``EXPLAINED``, what its files are; ``recognises(source)``, whether a file or folder (``interchange.source.Source``) is its own;
and, where papers or the contest publish splits, ``SPLITS``.
"""

from importlib import import_module
from types import ModuleType

# What the command line calls them, and their module here.
CONTESTS = {'icpr2012': 'icpr2012', 'mitos-atypia-14': 'mitos_atypia14', 'amida13': 'amida13', 'tupac16': 'tupac16',
            'midog': 'midog', 'ami-br': 'ami_br'}


def contest_module(name: str) -> ModuleType:
    """The module that reads contest ``name``.

    Raises:
        ValueError: No such contest.
    """
    if name not in CONTESTS:
        raise ValueError(f'{name!r} is no contest known here. Choose one of {", ".join(CONTESTS)}')
    return import_module(f'{__name__}.{CONTESTS[name]}')
