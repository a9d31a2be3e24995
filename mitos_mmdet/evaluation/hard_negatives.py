"""What false positives sit on, and what is taken for what: mitosis, hard negative, background. numpy alone."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.bootstrap import Estimate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import Match, match, pairs_within

NAMES = ('mitosis', 'hard negative', 'background')


@dataclass(frozen=True)
class HardNegatives:
    """False positives at the threshold, in the frames in which hard negatives were labelled.

    Attributes:
        frames, labelled: Such frames, and the hard negatives in them.
        false_alarms: All of them, which is the sum of the next three.
        on_hard_negative, on_mitosis, on_nothing: By the nearest label within the radius (at one distance the hard negative goes
            first): on a hard negative, on a mitosis (found already, or given away by the matching), on nothing labelled.
        share_on_hard_negative: Of the false positives; nan without any.
    """

    frames: int
    labelled: int
    false_alarms: int
    on_hard_negative: int
    on_mitosis: int
    on_nothing: int
    share_on_hard_negative: Estimate


@dataclass(frozen=True)
class Confusion:
    """Predicted (rows) against labelled (columns), both in the order of ``NAMES``, as Fig. 4 of MITOS-RCNN (2018) with background.

    Mitosis detections are matched with the mitoses, then what is left of them with the hard negatives; mitoses that were missed,
    then hard negatives that are left, with the hard negative detections. All one to one (but for ``amida``) and by the same rule
    and threshold, so every detection and every label is counted once.

    Attributes:
        counts: ``(3, 3)`` int as lists; background taken for background cannot be counted: None.
    """

    counts: list


def alarms_on(frame: Frame, found: Match, radius: Length) -> np.ndarray:
    """What each false positive of a frame sits on.

    Args:
        frame: ``Frame`` with ``hard_negative_xy``.
        found: Its ``Match``.
        radius: ``Length``.

    Returns:
        np.ndarray: ``(3,)`` int: alarms on a hard negative, on a mitosis, on nothing labelled.
    """
    hard_negatives = np.asarray(frame.hard_negative_xy)
    labels, alarms = frame.scaled(radius, np.concatenate([hard_negatives, frame.truth_xy]), frame.pred_xy[found.false_positive])
    alarm, label, _ = pairs_within(alarms, labels, radius.value)  # each alarm's labels, the nearest first
    nearest = label[np.unique(alarm, return_index=True)[1]]
    on_hard_negative = int((nearest < len(hard_negatives)).sum())
    return np.array([on_hard_negative, len(nearest) - on_hard_negative, len(alarms) - len(nearest)])


def confusion(frame: Frame, found: Match, radius: Length, rule: str, threshold: float) -> np.ndarray:
    """One frame's ``(3, 3)`` int counts, rows and columns as in ``Confusion``; the last cell is 0."""
    missed, alarms = frame.truth_xy[found.truth_to_pred < 0], frame.pred_xy[found.false_positive]
    called: np.ndarray = np.zeros((0, 2))
    if frame.hard_negative_pred_xy is not None and frame.hard_negative_pred_scores is not None:
        called = frame.hard_negative_pred_xy[frame.hard_negative_pred_scores >= threshold]
    missed, alarms, called, look_alikes = frame.scaled(radius, missed, alarms, called, np.asarray(frame.hard_negative_xy))

    wrong, look_alikes, alarms = _taken(look_alikes, alarms, radius, rule)
    mistaken, missed, called = _taken(missed, called, radius, rule)
    right, look_alikes, called = _taken(look_alikes, called, radius, rule)
    hits = int((found.truth_to_pred >= 0).sum())
    return np.array([[hits, wrong, len(alarms)], [mistaken, right, len(called)], [len(missed), len(look_alikes), 0]])


def _taken(labels, points, radius, rule):
    """How many labels the points find, and what is left of both."""
    found = match(labels, points, radius.value, rule)
    return int((found.truth_to_pred >= 0).sum()), labels[found.truth_to_pred < 0], points[found.false_positive]
