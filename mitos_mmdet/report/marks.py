"""Hits, misses and false positives of a frame, and how they are drawn: not by colour alone, also by shape.

A hit is a circle of the radius around the truth with a dot where the detection lies; a miss the same circle, dashed; a false positive a
square as wide, around the detection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.evaluation.matching import pairs_within

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

HIT, MISS, ALARM = 'hit', 'miss', 'alarm'
ON_LOOK_ALIKE, ON_MITOSIS, ON_NOTHING = 'on a labelled hard negative', 'beside a found one', 'nothing labelled there'


@dataclass(frozen=True)
class Mark:
    """One of them.

    Attributes:
        kind: ``HIT``, ``MISS`` or ``ALARM``.
        frame: Index of its frame.
        x, y: px of the frame; of a false positive the detection, else the truth.
        score: Of the detection; of a miss the best detection under the threshold within the radius, None where there is none.
        note: What else is to be said.
        dot: ``(x, y)`` px of a hit's detection.
    """

    kind: str
    frame: int
    x: float
    y: float
    score: float | None
    note: str
    dot: tuple | None = None


def marks_of(evaluation: 'Evaluation', index: int) -> list:
    """All ``Mark`` of a frame, at the threshold: misses, false positives, hits."""
    frame, found = evaluation.frames[index], evaluation.matches[index]
    return [*_misses(evaluation, index, frame, found), *_alarms(evaluation.radius, index, frame, found), *_hits(index, frame, found)]


def _hits(index, frame, found):
    return [Mark(HIT, index, *frame.truth_xy[truth].tolist(), float(frame.pred_scores[pred]), '', tuple(frame.pred_xy[pred].tolist()))
            for truth, pred in enumerate(found.truth_to_pred.tolist()) if pred >= 0]


def _misses(evaluation, index, frame, found):
    radius, threshold = evaluation.radius, evaluation.threshold.value
    missed = frame.truth_xy[found.truth_to_pred < 0]
    # Without a threshold nothing was detected at all.
    low = frame.pred_scores < threshold
    truths, preds, _ = pairs_within(*frame.scaled(radius, missed, frame.pred_xy[low]), radius.value)
    best = np.full(len(missed), -np.inf)
    np.maximum.at(best, truths, frame.pred_scores[low][preds])
    return [Mark(MISS, index, x, y, score if np.isfinite(score) else None, 'under the threshold' if np.isfinite(score) else 'not detected')
            for (x, y), score in zip(missed.tolist(), best.tolist(), strict=True)]


def _alarms(radius, index, frame, found):
    alarms = np.flatnonzero(found.false_positive)
    look_alikes = np.zeros((0, 2)) if frame.hard_negative_xy is None else frame.hard_negative_xy
    points, labels = frame.scaled(radius, frame.pred_xy[alarms], np.concatenate([look_alikes, frame.truth_xy]))
    alarm, label, _ = pairs_within(points, labels, radius.value)  # each alarm's labels, the nearest first
    nearest = {}
    for its, of in zip(alarm.tolist(), label.tolist(), strict=True):
        nearest.setdefault(its, ON_LOOK_ALIKE if of < len(look_alikes) else ON_MITOSIS)
    return [Mark(ALARM, index, *frame.pred_xy[pred].tolist(), float(frame.pred_scores[pred]), nearest.get(place, ON_NOTHING))
            for place, pred in enumerate(alarms.tolist())]


def shapes(marks: Sequence[Mark], radius_px: Sequence[float], to_shown: Sequence[float]) -> list[tuple]:
    """The marks as SVG elements.

    Args:
        marks: List of ``Mark`` of one frame.
        radius_px: ``(x, y)`` px of the frame.
        to_shown: ``(left, top, scale_x, scale_y)``: px of the frame become ``(x - left) * scale_x`` of the drawing.

    Returns:
        list[tuple]: ``(element, kind, attributes)`` to draw; numbers only.
    """
    left, top, scale_x, scale_y = to_shown
    reach = radius_px[0] * scale_x, radius_px[1] * scale_y
    drawn = []
    for mark in marks:
        x, y = (mark.x - left) * scale_x, (mark.y - top) * scale_y
        if mark.kind == ALARM:
            drawn.append(('rect', mark.kind, dict(x=x - reach[0], y=y - reach[1], width=2 * reach[0], height=2 * reach[1])))
        else:
            drawn.append(('ellipse', mark.kind, dict(cx=x, cy=y, rx=reach[0], ry=reach[1])))
        if mark.dot:
            drawn.append(('circle', 'dot', dict(cx=(mark.dot[0] - left) * scale_x, cy=(mark.dot[1] - top) * scale_y, r=2.5)))
    return drawn
