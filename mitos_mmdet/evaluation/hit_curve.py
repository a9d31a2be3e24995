"""Areas under curves for many resamples at once: average precision and FROC. numpy and scipy alone.

Only where a hit comes in does a curve turn. So detections are summed up between hits, by unit, into sparse matrices; times the
weights of all resamples these give every curve in one product.

Shapes: S steps (distinct scores at which hits come in, falling), U units, B columns of weights.
"""

import numpy as np
from scipy.sparse import csr_array

from mitos_mmdet.evaluation.scores import ratio

RECALLS = np.arange(0, 1.01, 0.01)  # the 101 points, written as MIDOG 2025 does: 0.57 and 0.5700000000000001 are two recalls
_COLUMNS = 256  # of the weights at a time: enough for quick rows, few enough for little memory (ours)


class HitCurve:
    """Hits and false alarms as the threshold falls.

    Args:
        events: One ``(scores, hits, alarms)`` of ``(P,)`` arrays a frame: what each detection adds. Detections of one score
            enter together.
        unit: ``(N,)`` int, each frame's unit.
        units: U.
    """

    def __init__(self, events, unit, units):
        scores, hits, alarms, unit = together(events, unit)
        distinct, rank = np.unique(-scores, return_inverse=True)
        turns = np.bincount(rank, hits, len(distinct)) > 0
        self.steps = int(turns.sum())
        next_step = (np.cumsum(turns) - turns)[rank]  # the step at which, or before which, a detection comes in

        def by_step(values, chosen):
            # Behind the last step no curve turns any more.
            chosen = np.flatnonzero(chosen & (values > 0) & (next_step < self.steps))
            return csr_array((values[chosen], (next_step[chosen], unit[chosen])), shape=(self.steps, units))

        self._hits, self._alarms = by_step(hits, True), by_step(alarms, True)
        self._tied_alarms = by_step(alarms, turns[rank])  # those with the very score of a step

    def average_precision(self, weights, truths):
        """Area under the precision envelope, as ``scores.average_precision``.

        Args:
            weights: ``(U, B)``.
            truths: ``(B,)``, in each resample.

        Returns:
            np.ndarray: ``(B,)``; nan without truth.
        """
        def area(some, of):
            added, tp, fp = self._at_steps(some)
            fp += tp
            envelope = _envelope(np.divide(tp, fp, out=np.zeros_like(tp), where=fp > 0))
            return ratio((added * envelope).sum(axis=0), of)
        return _by_columns(area, weights, truths)

    def average_precision_101(self, weights, truths):
        """Mean of the precision envelope at 101 recalls, as pycocotools computes it. Arguments and result as above."""
        def mean(some, of):
            _, tp, fp = self._at_steps(some)
            envelope = _envelope(tp / (fp + tp + np.spacing(1)))
            levels = np.zeros((len(of), len(RECALLS)))
            for level, found, height, whole in zip(levels, np.ascontiguousarray(tp.T), envelope.T, of, strict=True):
                if whole:
                    place = np.searchsorted(found / whole, RECALLS)
                    reached = place < self.steps
                    level[reached] = height[place[reached]]
            return np.where(of > 0, levels.mean(axis=1), np.nan)
        return _by_columns(mean, weights, truths)

    def froc_areas(self, weights, truths, ends):
        """Areas under recall over false alarms per image (or mm2), from 0 to some number of them.

        Straight lines between thresholds; behind the last one recall stays.

        Args:
            weights: ``(U, B)``.
            truths: ``(B,)``.
            ends: ``(A, B)``: the false alarms at which each area ends, such as 8 times the images of each resample.

        Returns:
            np.ndarray: ``(A, B)``, as parts of the best there can be (0 to 1); nan without truth.
        """
        def areas(some, of, ends):
            added, tp, fp = self._at_steps(some)
            before, nothing = np.concatenate([np.zeros((1, len(of))), tp]), np.zeros((1, len(of)))
            tied = self._tied_alarms @ some if self._tied_alarms.nnz else None
            found = []
            for end in ends:
                reached = np.minimum(fp, end)
                below = (before * np.diff(reached, axis=0, prepend=nothing, append=end[None])).sum(axis=0)
                if tied is not None:
                    # A step that brings alarms, too, is climbed aslant: the triangles above its lower level.
                    width = reached - np.minimum(fp - tied, end)
                    below += (added * np.divide(width ** 2, tied, out=np.zeros_like(tied), where=tied > 0)).sum(axis=0) / 2
                found.append(ratio(below, of * end))
            return np.array(found)
        return _by_columns(areas, weights, truths, ends)

    def _at_steps(self, weights):
        """Hits added, hits so far and alarms so far at each step, ``(S, B)`` each."""
        added = self._hits @ weights
        return added, _running(np.add, added.copy()), _running(np.add, self._alarms @ weights)


def together(events, unit):
    """All detections of all frames: scores, hits, alarms and units, ``(P,)`` each; arguments as of ``HitCurve``."""
    columns = zip(*events, strict=True) if events else [()] * 3
    return *(np.concatenate([np.zeros(0), *column]) for column in columns), np.repeat(unit, [len(scores) for scores, _, _ in events])


def _running(function, rows):
    """``function.accumulate`` over the rows, in place: row by row it is five times as quick as numpy's own."""
    for above, row in zip(rows, rows[1:], strict=False):
        function(above, row, out=row)
    return rows


def _envelope(heights):
    """The best height at each step or any later one, in place."""
    return _running(np.maximum, heights[::-1])[::-1]


def _by_columns(function, weights, *others):
    starts = range(0, weights.shape[1], _COLUMNS)
    return np.concatenate([function(np.ascontiguousarray(weights[:, start:start + _COLUMNS]),
                                    *(other[..., start:start + _COLUMNS] for other in others)) for start in starts], axis=-1)
