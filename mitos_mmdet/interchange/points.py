"""What every reader here returns: points frame by frame, truth or detections, as their file has them. numpy alone."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.core.lengths import LEAST_UM_PER_PX, MOST_UM_PER_PX
from mitos_mmdet.interchange.class_names import class_name

# Further from the corner, in px or mm, nothing lies; squares of it are still numbers (ours).
_FARTHEST = 1e9


@dataclass(eq=False)
class FramePoints:
    """One frame's points, N of them; ``points_of`` builds and checks it.

    Attributes:
        name: The frame as its file calls it: a path or a bare name, with or without extension; '' where the file does not say.
        xy: ``(N, 2)``, x first. In px: float64. In mm: ``Decimal``, so that px that were exported come back to the last bit.
        labels: ``(N,)`` class names, as ``class_name`` gives them.
        scores: ``(N,)`` float64; None where the file has none.
        kept: ``(N,)`` bool, the points that count by the file's own word, as in a MIDOG submission; None where it has none.
        unit: ``'px'`` or ``'mm'``.
        um_per_px: ``(x, y)``, or None.
        size_px: ``(width, height)`` px, or None.
        scanner, domain, case_id, region_type: For figures by group; None where unknown.
        labelled: False: nobody looked, so that it is not a negative (truth only).
    """

    name: str
    xy: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None
    kept: np.ndarray | None = None
    unit: str = 'px'
    um_per_px: tuple | None = None
    size_px: tuple | None = None
    scanner: str | None = None
    domain: str | None = None
    case_id: str | None = None
    region_type: str | None = None
    labelled: bool = True

    def __len__(self):
        return len(self.xy)

    def in_px(self, um_per_px: Sequence[float]) -> np.ndarray:
        """``(N, 2)`` float64 px; mm need ``um_per_px`` ``(x, y)``, and the px are then the correctly rounded quotient."""
        if self.unit == 'px':
            return self.xy
        return (self.xy * 1000 / np.array([Decimal(repr(float(side))) for side in um_per_px])).astype(np.float64)


@dataclass(eq=False)
class PointFile:
    """All that a file or folder holds.

    Attributes:
        path: It.
        format: Its name in ``recognise.FORMATS``.
        frames: The frames, each name once.
        notes: Lines that the user should read.
        is_negative: Whether a frame that is not here has no mitoses, by its name (TUPAC16 has no file for those); None: never.
        image_ids, categories: Of COCO json, what COCO results refer to: ``{image_id: name}`` and ``{category_id: class name}``.
    """

    path: Path
    format: str
    frames: list
    notes: list = field(default_factory=list)
    is_negative: Callable[[str], bool] | None = None
    image_ids: dict | None = None
    categories: dict | None = None

    def __post_init__(self):
        twice = [name for name, count in Counter(frame.name for frame in self.frames).items() if count > 1]
        if twice:
            raise ValueError(f'{self.path}: holds the frame {twice[0]!r} twice. Take one of them out')
        without = next((frame for frame in self.frames if len(frame) and frame.scores is None), None)
        scored = next((frame for frame in self.frames if len(frame) and frame.scores is not None), None)
        if without and scored:
            raise ValueError(f'{self.path}: {scored.name or "a frame"} has scores, {without.name or "another"} has none. Give scores '
                             f'to all points or to none')

    @property
    def has_scores(self) -> bool:
        """False where points stand there without one: then only this one operating point can be scored."""
        return all(frame.scores is not None for frame in self.frames if len(frame))

    @property
    def num_points(self) -> int:
        return sum(map(len, self.frames))


def points_of(name: str, points: Sequence[tuple], where: str | Path, scored: bool = True, **more: Any) -> FramePoints:
    """A ``FramePoints`` of a list, checked.

    Args:
        name: The frame.
        points: ``[(x, y, class name, score or None), ...]``, as they were in the file.
        where: What an error names.
        scored: False: no score is looked at, as of a ground truth, which has none.
        **more: Further attributes.

    Raises:
        ValueError: What is no place, class, score, size or name; a score for some points and none for others.
    """
    if not _are_plain(points):
        _check_points(points, where, scored)
    unscored = next((number for number, point in enumerate(points, start=1) if point[3] is None), None) if scored else None
    if unscored and any(point[3] is not None for point in points):
        raise ValueError(f'{where}: point {unscored} has no score and others have. Give scores to all points or to none')
    dtype = object if more.get('unit') == 'mm' else np.float64
    xy = np.array([point[:2] for point in points], dtype=dtype).reshape(-1, 2)
    scores = None if unscored or not scored else np.array([point[3] for point in points], dtype=np.float64)
    labels = np.array([class_name(point[2]) for point in points], dtype=object)
    return FramePoints(name, xy, labels, scores, **described(where, **more))


def _are_plain(points):
    """Whether all is well at first sight: floats and ints that are finite and near, scores or none, text. Quick for millions."""
    if not {type(value) for point in points for value in (point[0], point[1], point[3])} <= {float, int, NoneType}:
        return False
    if not all(type(point[2]) is str for point in points):
        return False
    try:
        xy = np.array([point[:2] for point in points], dtype=np.float64)
        scores = np.array([point[3] for point in points if point[3] is not None], dtype=np.float64)
    except (TypeError, OverflowError):  # None, or an integer that no float holds
        return False
    return bool((np.abs(xy) < _FARTHEST).all() and np.isfinite(scores).all())


def _check_points(points, where, scored):
    for number, (x, y, label, score) in enumerate(points, start=1):
        if not all(is_number(value) and abs(value) < _FARTHEST for value in (x, y)):
            raise ValueError(f'{where}: point {number} is at x={_short(x)}, y={_short(y)}, which is no place. Correct the file')
        if not isinstance(label, str):
            raise ValueError(f'{where}: point {number} has the class {_short(label)}, which is no name. Correct the file')
        if scored and score is not None and not is_number(score):
            raise ValueError(f'{where}: point {number} has the score {_short(score)}, which is no finite number. Correct the file; from a '
                             f'model, its training has diverged')


def described(where: str | Path, um_per_px: Sequence | None = None, size_px: Sequence | None = None, **more: Any) -> dict:
    """Attributes of a frame, checked.

    Raises:
        ValueError: One is not what it must be; names ``where``.
    """
    for key, pair in (('um_per_px', um_per_px), ('size_px', size_px)):
        if pair is not None and not (isinstance(pair, list | tuple) and len(pair) == 2 and all(
                is_number(side) and 0 < side < _FARTHEST for side in pair)):
            raise ValueError(f'{where}: {key} is {_short(pair)}, not two numbers above 0. Correct the file')
    if um_per_px is not None and not all(LEAST_UM_PER_PX < side < MOST_UM_PER_PX for side in um_per_px):
        raise ValueError(f'{where}: um_per_px is {_short(um_per_px)}, which no microscope gives: nm or mm perhaps. Write um per px')
    for key in ('scanner', 'domain', 'case_id', 'region_type'):
        if not isinstance(more.get(key), str | int | None):
            raise ValueError(f'{where}: {key} is {_short(more[key])}, which is no name. Correct the file')
    return dict(more, um_per_px=um_per_px and tuple(map(float, um_per_px)), size_px=size_px and tuple(size_px))


def _short(value):
    return (repr(value) if isinstance(value, str) else str(value))[:40]


def only(frame: FramePoints, mask: np.ndarray) -> FramePoints:
    """The frame with those of its points that ``mask`` ``(N,)`` has."""
    scores, kept = (None if values is None else values[mask] for values in (frame.scores, frame.kept))
    return dataclasses.replace(frame, xy=frame.xy[mask], labels=frame.labels[mask], scores=scores, kept=kept)
