"""Numbers, intervals and names as a reader sees them. Plain text: escaping is the page's."""

import math
from collections.abc import Iterable
from pathlib import PurePosixPath

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.bootstrap import Estimate

NONE = '–'  # nothing to judge
_IMAGES = ('.jpg', '.jpeg', '.png', '.tif', '.tiff', '.bmp', '.svs', '.ndpi')

RULES = {
    'midog': 'truths in list order, each takes its nearest unused detection; every other detection is a false positive',
    'optimal': 'one to one, most hits first, then least distance',
    'amida': 'a truth counts once if any detection lies within; further detections near it are no false positives',
}


def number(value: float | None, digits: int = 3) -> str:
    """``'0.567'``; ``'–'`` for nan and None. No negative zero, a true minus sign."""
    if value is None or math.isnan(value):
        return NONE
    text = f'{value:.{digits}f}'
    return text.lstrip('-') if not float(text) else text.replace('-', '\N{MINUS SIGN}')


def interval(estimate: Estimate | None, digits: int = 3) -> str:
    """``'0.471 to 0.650'``, or ``'–'``; of None, too."""
    if estimate is None or not estimate.has_interval:
        return NONE
    return f'{number(estimate.low, digits)} to {number(estimate.high, digits)}'


def with_interval(estimate: Estimate | None, digits: int = 3) -> str:
    """``'0.567 (0.471 to 0.650)'``; the value alone where there is no interval."""
    value = NONE if estimate is None else number(estimate.value, digits)
    return value if interval(estimate) == NONE else f'{value} ({interval(estimate, digits)})'


def several(count: int, noun: str) -> str:
    """``'1 frame'``, ``'18 frames'``."""
    return f'{count:,} {noun}' + ('' if count == 1 else 's')


def length(radius: Length) -> str:
    """A ``Length`` as ``'7.5 µm'``."""
    return f"{radius.value:g} {radius.unit.replace('um', 'µm')}"


def short_names(names: Iterable[str]) -> dict:
    """As little of each path as tells the frames apart: ``'H05/x40/H05_00Ab.jpg'`` is ``'H05_00Ab'``.

    Args:
        names: Paths or names, in any form; equal ones stay equal.

    Returns:
        dict[str, str]: ``{name: short}``.
    """
    parts = {name: PurePosixPath(str(name).replace('\\', '/')).parts or (name, ) for name in names}
    short = {}
    for depth in range(1, 1 + max(map(len, parts.values()), default=0)):
        tails = {name: its[-depth:] for name, its in parts.items() if name not in short}
        alike = list(tails.values())
        short.update({name: '/'.join(tail) for name, tail in tails.items() if alike.count(tail) == 1})
    stems = {name: _stem(short.get(name, name)) for name in parts}
    shown = list(stems.values())
    return {name: stem if shown.count(stem) == 1 else short.get(name, name) for name, stem in stems.items()}


def _stem(name):
    path = PurePosixPath(name)
    return str(path.with_suffix('')) if path.suffix.lower() in _IMAGES else name
