"""Plain references of several tests."""

import numpy as np
import pytest

from mitos_mmdet.evaluation.matching import match_by_score, pairs_within


def by_hand(frames, radius):
    """Area under the envelope of precision over recall, one distinct score after the other."""
    truths = sum(len(frame.truth_xy) for frame in frames)
    if not truths:
        return np.nan
    scores = np.concatenate([np.zeros(0), *(frame.pred_scores for frame in frames)])
    hit_scores = np.concatenate([np.zeros(0), *(frame.pred_scores[match_by_score(pairs_within(*frame.scaled(radius), radius.value),
                                                                                frame.pred_scores)] for frame in frames)])
    steps = np.unique(scores)[::-1]
    tp = np.array([(hit_scores >= step).sum() for step in steps])
    precision = tp / np.array([(scores >= step).sum() for step in steps])
    return sum((now - before) / truths * precision[place:].max() for place, (before, now) in enumerate(zip([0, *tp], tp, strict=False)))


@pytest.fixture(scope='session')
def average_precision():
    """``average_precision(frames, radius)``."""
    return by_hand
