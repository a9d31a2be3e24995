"""The operating threshold and where it comes from: chosen on validation data, frozen in a file, used on test data. numpy alone.

A threshold that was chosen on the frames it is then scored on flatters. So a file also holds a fingerprint of every frame with
truth it was chosen on, and a result says so where one of them turns up again.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.json_reading import is_number, read_json
from mitos_mmdet.core.lengths import Length

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.frames import Frame
    from mitos_mmdet.evaluation.result import Evaluation
    from mitos_mmdet.evaluation.sweep import Sweep

FORMAT = 'mitos_mmdet threshold'
_FIX = 'Choose it again on validation data, or give the number itself'


@dataclass(frozen=True)
class Threshold:
    """A score; detections with score >= it count.

    Attributes:
        value: The score; nan where it was to be chosen and there was nothing to choose by.
        origin: ``'fixed'`` (a number given beforehand), ``'file'`` or ``'best_on_this_set'``.
        chosen_on: What set a file's threshold was chosen on.
        f1_there: Its F1 there.
        name, radius, matching: Class and rules it was chosen by.
        fingerprints: Of the frames it was chosen on.
        shared_frames: How many of the frames that it is now used on are among them.
    """

    value: float
    origin: str
    chosen_on: str | None = None
    f1_there: float | None = None
    name: str | None = None
    radius: Length | None = None
    matching: str | None = None
    fingerprints: tuple = ()
    shared_frames: int = 0

    @property
    def flatters(self) -> bool:
        """Whether counts at it are optimistic: it has seen these frames."""
        return not math.isnan(self.value) and (self.origin == 'best_on_this_set' or self.shared_frames > 0)

    def text(self) -> str:
        """The value and how it came about; rounded down, so that it keeps the same detections when it is typed in again."""
        if math.isnan(self.value):
            return 'none (no truth or no detections to choose by)'
        return f'{math.floor(self.value * 1e6) / 1e6:g} ({self.source()})'

    def source(self) -> str:
        """How it came about."""
        if self.origin == 'best_on_this_set':
            return 'tuned on the evaluated set'
        if self.origin == 'fixed':
            return 'fixed beforehand'
        seen = f', which holds {self.shared_frames} of these frames' if self.shared_frames else ''
        return f'chosen on {self.chosen_on}{seen}'

    def to_dict(self) -> dict:
        """For a result's JSON."""
        return dict(value=self.value, origin=self.origin, chosen_on=self.chosen_on, f1_there=self.f1_there,
                    shared_frames=self.shared_frames, flatters=self.flatters)


def resolve(threshold: float | Threshold | None, frames: 'Sequence[Frame]', curve: 'Sweep', name: str, radius: Length,
            matching: str) -> Threshold:
    """The ``Threshold`` that a result is made at.

    Args:
        threshold: A number, a ``Threshold`` from a file, or None for the best F1 on these frames.
        frames: What it is used on.
        curve: Their ``Sweep``.
        name, radius, matching: Of the result.

    Raises:
        ValueError: Not a finite number; a file's threshold for another class or another rule.
    """
    if threshold is None:
        return Threshold(curve.best_threshold, 'best_on_this_set')
    if isinstance(threshold, Real) and not isinstance(threshold, bool) and math.isfinite(threshold):
        return Threshold(float(threshold), 'fixed')
    if not isinstance(threshold, Threshold):
        raise ValueError(f'threshold={threshold!r} is no score: give a number, a threshold file, or none for the best F1 on the set '
                         f'at hand')
    for what, wanted in dict(name=name, radius=radius, matching=matching).items():
        chosen = getattr(threshold, what)
        if chosen is not None and chosen != wanted:
            raise ValueError(f'the threshold {threshold.value:g} was chosen on {threshold.chosen_on} for {what} {chosen}, not '
                             f'{wanted}. {_FIX}')
    shared = set(fingerprints(frames)) & set(threshold.fingerprints)
    return replace(threshold, shared_frames=len(shared))


def fingerprints(frames: 'Sequence[Frame]') -> list[str]:
    """A short hash of every frame with truth: of its file's stem and its truth, to 0.01 px."""
    return sorted(hashlib.sha256(f'{Path(frame.name).stem} {frame.truth_xy.round(2).tolist()}'.encode()).hexdigest()[:16]
                  for frame in frames if len(frame.truth_xy))


def write_threshold(path: str | Path, evaluation: 'Evaluation', chosen_on: str | Path) -> None:
    """Freezes the threshold of an ``Evaluation`` of validation data.

    Args:
        path: JSON file to write.
        evaluation: Made without a threshold, so that its own is the best on its set.
        chosen_on: What it was made of, for whoever reads a result at this threshold: usually the truth's file.

    Raises:
        ValueError: The evaluation was given its threshold, or had nothing to choose by; the file cannot be written.
    """
    threshold = evaluation.threshold
    if threshold.origin != 'best_on_this_set' or math.isnan(threshold.value):
        raise ValueError(f'{path}: no threshold to freeze, it is {threshold.text()}. Evaluate validation data with truth and '
                         f'detections, and without giving a threshold')
    write_json(dict(format=FORMAT, version=1, threshold=threshold.value, chosen_on=str(chosen_on), name=evaluation.name,
                    radius=str(evaluation.radius), matching=evaluation.matching, f1_there=evaluation.overall.f1.value,
                    fingerprints=fingerprints(evaluation.frames)), path)


def read_threshold(path: str | Path) -> Threshold:
    """The ``Threshold`` of a file.

    Raises:
        ValueError: Not there, or not written by ``write_threshold``.
    """
    content = read_json(path, _FIX)
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ValueError(f'{path}: no threshold file (it lacks "format": "{FORMAT}"). {_FIX}')
    value: Any = content.get('threshold')
    if not is_number(value):
        raise ValueError(f'{path}: threshold {str(value)[:40] if not isinstance(value, str) else repr(value[:40])} is no score. {_FIX}')
    radius, marks = content.get('radius'), content.get('fingerprints') or []
    if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        raise ValueError(f'{path}: its fingerprints are no list of texts. {_FIX}')
    f1_there = content.get('f1_there')
    if f1_there is not None and not is_number(f1_there) and f1_there == f1_there:
        raise ValueError(f'{path}: its f1_there is {str(f1_there)[:40]!r}, which is no number. {_FIX}')
    for key in ('name', 'matching'):
        if not isinstance(content.get(key), str | None):
            raise ValueError(f'{path}: its {key} is {str(content[key])[:40]!r}, which is no text. {_FIX}')
    return Threshold(float(value), 'file', str(content.get('chosen_on')), f1_there, content.get('name'),
                     None if radius is None else Length.parse(radius), content.get('matching'), tuple(marks))
