"""The operating threshold under a condition, and how well it holds on frames that did not choose it. numpy and scipy alone."""

import math
from collections.abc import Sequence

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.counts import Counts, match_frame, pool
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import frame_pairs
from mitos_mmdet.evaluation.ranking import rank_by_rule
from mitos_mmdet.evaluation.sweep import Sweep, sum_up


def choose_threshold(curve: Sweep, min_precision: float | None = None, min_recall: float | None = None) -> float:
    """The threshold of the best F1 among those that meet the conditions; of equals the highest.

    Args:
        curve: ``Sweep``.
        min_precision, min_recall: 0 to 1; None: no condition.

    Raises:
        ValueError: No truth or no detections to choose by, or no threshold meets the conditions; the message names what is reached.
    """
    if math.isnan(curve.best_threshold):
        raise ValueError('nothing to choose a threshold by: there must be labelled mitotic figures and detections')
    allowed = np.ones(len(curve.thresholds), bool)
    for name, least, values in (('precision', min_precision, curve.precision), ('recall', min_recall, curve.recall)):
        if least is None:
            continue
        if not (values >= least).any():
            raise ValueError(f'no threshold reaches a {name} of {least:g} on these frames, the highest is {np.nanmax(values):.3f}. Ask for '
                             f'less')
        allowed &= values >= least
    if not allowed.any():
        raise ValueError(f'no threshold has a precision of {min_precision:g} and a recall of {min_recall:g} on these frames. Ask for less')
    return float(curve.thresholds[np.argmax(np.where(allowed, curve.f1, -1))])


def leave_one_out(frames: Sequence[Frame], radius: Length, rule: str = 'midog', min_precision: float | None = None,
                  min_recall: float | None = None) -> Counts | None:
    """Pooled counts of all frames, each at the threshold that the other frames choose: what a choice on few frames is worth on the next.

    Args:
        frames: List of ``Frame``.
        radius: ``Length``, inclusive.
        rule: One of ``matching.RULES``.
        min_precision, min_recall: As of ``choose_threshold``.

    Returns:
        Counts | None: None where the others of some frame cannot choose, as of one frame alone.
    """
    pairs = [frame_pairs(frame, radius) for frame in frames]
    rankings = [rank_by_rule(frame, near, rule) for frame, near in zip(frames, pairs, strict=True)]
    matches = []
    for index, frame in enumerate(frames):
        others = sum_up([*frames[:index], *frames[index + 1:]], rankings[:index] + rankings[index + 1:])
        try:
            threshold = choose_threshold(others, min_precision, min_recall)
        except ValueError:
            return None
        matches.append(match_frame(frame, pairs[index], rule, threshold))
    return pool(matches)
