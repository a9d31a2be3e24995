"""Detections as MIDOG takes them: ``Multiple points`` in mm, one file per image, or in the layout of 2025 with ``predictions.json``."""

import json
import uuid
from collections.abc import Sequence
from decimal import Context, Decimal
from pathlib import PurePosixPath

from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.interchange.frame_names import file_names
from mitos_mmdet.interchange.grand_challenge import INDEX, OUTPUT
from mitos_mmdet.interchange.grand_challenge_schema import COUNTS, COUNTS_NOT, TYPE
from mitos_mmdet.interchange.points import FramePoints

# A float has 17 digits; with 20 in the file mm become px again to the last bit, however the quotient rounds.
_DIGITS = Context(prec=20)


def to_files(frames: Sequence[FramePoints], threshold: float | None = None) -> list[tuple[str, str]]:
    """``[('007.json', text), ...]``, one per image, also where it has no points.

    Args:
        frames: List of ``FramePoints`` with scores from 0 to 1, in mm, or in px with ``um_per_px``. Their labels are not looked at.
        threshold: Points with score >= it are named ``mitotic figure``, the others ``non-mitotic figure``; None: by ``kept``.

    Raises:
        ValueError: Scores missing or outside 0 to 1, no pixel size, or neither a threshold nor ``kept``.
    """
    return [(f'{name}.json', _text(frame, threshold)) for name, frame in zip(file_names(frames), frames, strict=True)]


def to_files_2025(frames: Sequence[FramePoints], threshold: float | None = None) -> list[tuple[str, str]]:
    """``[('predictions.json', text), ('<pk>/output/mitotic-figures.json', text), ...]``: what MIDOG 2025's evaluator is given."""
    jobs, files = [], []
    for frame in frames:
        name = PurePosixPath(frame.name.replace('\\', '/')).name
        name = name if PurePosixPath(name).suffix else f'{name}.tiff'  # as the contest calls its images
        key = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        jobs.append(_job(key, name))
        files.append((f'{key}/output/{OUTPUT}', _text(frame, threshold)))
    return [(INDEX, json.dumps(jobs, indent=1)), *files]


def _text(frame, threshold):
    if frame.scores is None:
        raise ValueError(f'{frame.name}: its points have no scores, and a submission needs a probability of each')
    if ((frame.scores < 0) | (frame.scores > 1)).any():
        raise ValueError(f'{frame.name}: scores from {frame.scores.min():g} to {frame.scores.max():g} are no probabilities: map them')
    if threshold is None and frame.kept is None and len(frame):
        raise ValueError(f'{frame.name}: a submission says which points count. Give --threshold or --threshold-file')
    counts = frame.kept if threshold is None else frame.scores >= threshold
    # By hand, as json would round the places to floats.
    points = [f'{{"name": "{COUNTS if its else COUNTS_NOT}", "point": [{x}, {y}, 0], "probability": {score!r}}}'
              for (x, y), score, its in zip(_in_mm(frame), frame.scores.tolist(), [] if counts is None else counts, strict=True)]
    return f'{{"name": "Points of interest", "type": "{TYPE}", "points": [{", ".join(points)}], "version": {{"major": 1, "minor": 0}}}}\n'


def _in_mm(frame):
    """Places as text, ``(x, y)`` each."""
    if frame.unit == 'mm':
        return [(f'{x:f}', f'{y:f}') for x, y in frame.xy]
    sides = [Decimal(repr(side)) / 1000 for side in check_um_per_px(frame.um_per_px, frame.name, needed_for='a place in mm')]
    return [tuple(f'{_DIGITS.multiply(Decimal(value), side).normalize():f}' for value, side in zip(place, sides, strict=True))
            for place in frame.xy.tolist()]


def _job(key, name):
    """An entry of the index, with the keys that the real one has."""
    image = dict(slug='histopathology-region-of-interest-cropout', kind='Image', super_kind='Image',
                 relative_path='images/histopathology-roi-cropout', example_value=None)
    points = dict(slug='mitotic-figures', kind=TYPE, super_kind='File', relative_path=OUTPUT, example_value=None)
    return dict(pk=key, inputs=[dict(file=None, image=dict(name=name), value=None, interface=image)],
                outputs=[dict(file=None, image=None, value=None, interface=points)], status='Succeeded')
