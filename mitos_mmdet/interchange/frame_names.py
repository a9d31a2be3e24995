"""One frame under several names: a path here, a bare name there, with this extension, with another, with none."""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from mitos_mmdet.contests.image_files import SUFFIXES
from mitos_mmdet.interchange.points import FramePoints

_EXTENSIONS = (*SUFFIXES, '.svs', '.ndpi', '.scn', '.mrxs', '.vms', '.vmu', '.bif', '.qptiff', '.vsi', '.svslide',
               '.dcm', '.czi', '.jp2', '.webp', '.ome', '.json', '.geojson', '.csv', '.gz')
# A bare name this short, as TUPAC16's 01, says nothing without its folder (ours).
_SAYS_NOTHING = 2


def key_of(name: str) -> tuple[str, ...]:
    """A name's parts without extensions: ``'H05/H05_00Ab.ome.tiff.geojson'`` is ``('H05', 'H05_00Ab')``.

    Accents are one character each (NFC): macOS writes them as two.
    """
    *folders, last = PurePosixPath(unicodedata.normalize('NFC', str(name)).replace('\\', '/')).parts or ('', )
    while any(last.lower().endswith(extension) and len(last) > len(extension) for extension in _EXTENSIONS):
        last = last.rpartition('.')[0]
    return *folders, last


def pair_names(names: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Which of ``names`` each of ``others`` means.

    Two names are one frame's where the shorter one's parts end the longer one's, and no other fits as well. What is left goes by its last
    part, where that is unique on both sides: folders then differ, as ``train/007.tiff`` and ``frames/007.png`` do.

    Args:
        names, others: Lists of names, each once.

    Returns:
        dict: ``{other: name}``, of those that have one; two others may have the same name.

    Raises:
        ValueError: One that fits several.
    """
    keys, other_keys = {name: key_of(name) for name in names}, {other: key_of(other) for other in others}
    by_last = defaultdict(list)
    for name, key in keys.items():
        by_last[key[-1]].append(name)
    lasts = Counter(key[-1] for key in other_keys.values())
    found = {}
    for other, key in other_keys.items():
        alike = by_last.get(key[-1], [])
        best = [name for name in alike if keys[name] == key] or [name for name in alike if _ends(keys[name], key)]
        if len(best) > 1:
            raise ValueError(f'{other!r} may be {best[0]!r} or {best[1]!r}. Name frames with their folders')
        if not best and len(alike) == 1 and lasts[key[-1]] == 1 and len(key[-1]) > _SAYS_NOTHING:
            best = alike
        if best:
            found[other] = best[0]
    return found


def last_of(frame: FramePoints) -> str:
    """A frame's bare name, without folders and extension."""
    return key_of(frame.name)[-1]


def file_names(frames: Sequence[FramePoints]) -> list[str]:
    """A name for each frame's file: the bare name; of those with one bare name also the folders in which they differ, as ``'01/02'``."""
    keys = [key_of(frame.name) for frame in frames]
    alike = defaultdict(list)
    for key in keys:
        alike[key[-1]].append(key)
    common = {last: min(len(os.path.commonprefix(its)), min(map(len, its)) - 1) if len(its) > 1 else -1 for last, its in alike.items()}
    return ['/'.join(key[common[key[-1]]:]) for key in keys]


def case_and_image(frame: FramePoints) -> tuple[str, str]:
    """``('01', '02')`` of a frame named like TUPAC16's.

    Raises:
        ValueError: It is not.
    """
    case, image = ('', *key_of(frame.name))[-2:]
    if not (case.isdigit() and image.isdigit()):
        raise ValueError(f'{frame.name}: TUPAC16 names frames CC/II, for example 01/02.tif; this is none. Choose another format')
    return case, image


def _ends(key, other):
    length = min(len(key), len(other))
    return key[-length:] == other[-length:]
