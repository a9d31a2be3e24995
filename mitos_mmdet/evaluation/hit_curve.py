"""Areas under curves for many resamples at once: average precision and FROC. numpy and scipy alone.

Only where a hit comes in does a curve turn. So detections are summed up between hits, by frame and then by unit, into sparse
matrices; times the weights of all resamples these give every curve in one product.

Shapes: S steps (distinct scores at which hits come in, falling), U units, B columns of weights.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array

from mitos_mmdet.evaluation.counts import ratio
from mitos_mmdet.evaluation.ranking import Ranking

RECALLS = np.arange(0, 1.01, 0.01)  # the 101 points, written as MIDOG 2025 does: 0.57 and 0.5700000000000001 are two recalls
_COLUMNS = 256  # of the weights at a time: enough for quick rows, few enough for little memory (ours)


class RankedFrames:
    """Where between hits the detections of each frame come in: what the curves of all frames and of any group of them are made of.

    Memory and time are those of one frame after the other.

    Args:
        scores: One ``(P,)`` array per frame.
        rankings: One ``Ranking`` per frame.
        one_by_one: Detections of one score go in the frames' order, one by one; else they enter together.
    """

    def __init__(self, scores: Sequence[np.ndarray], rankings: Sequence[Ranking], one_by_one: bool = False):
        self._starts = np.cumsum([0, *map(len, scores)])
        self._one_by_one = one_by_one
        which = [ranking.hits for ranking in rankings]
        counts = [len(hits) for hits in which]
        frames = np.repeat(np.arange(len(scores)), counts)
        at = np.concatenate([np.zeros(0), *(its[hits] for its, hits in zip(scores, which, strict=True))])
        numbers = self._starts[frames] + np.concatenate([np.zeros(0, dtype=int), *which])
        self._find_steps(at, numbers)
        self._gains = _Cells(np.cumsum([0, *counts]), self._place(at, numbers),
                             np.concatenate([np.zeros(0), *(each.gains for each in rankings)]))
        alarms, tied = [], []
        for frame, (its, ranking) in enumerate(zip(scores, rankings, strict=True)):
            is_loud = np.ones(len(its), dtype=bool)
            is_loud[ranking.quiet] = False
            loud = np.flatnonzero(is_loud)
            places = self._place(its[loud], self._starts[frame] + loud)
            reached = places < self.steps  # behind the last step no curve turns any more
            alarms.append(_counted(places[reached]))
            if not one_by_one:
                at_step = reached.copy()
                at_step[reached] = self._scores[places[reached]] == its[loud][reached]
                tied.append(_counted(places[at_step]))
        self._alarms, self._tied = _cells(alarms), _cells(tied)

    @property
    def steps(self) -> int:
        return len(self._scores)

    def curve(self, members: np.ndarray, unit: np.ndarray, units: int) -> 'HitCurve':
        """The curve of some frames.

        Args:
            members: ``(N,)`` int, the frames.
            unit: ``(F,)`` int, the unit of each of all frames.
            units: U.
        """
        is_member = np.zeros(len(self._starts) - 1, dtype=bool)
        is_member[members] = True
        is_step = np.zeros(self.steps, dtype=bool)
        is_step[self._gains.steps[np.repeat(is_member, np.diff(self._gains.starts))]] = True
        next_step = (np.cumsum(is_step) - is_step).astype(np.int32)
        count, by_unit = int(is_step.sum()), members[np.argsort(unit[members], kind='stable')].tolist()

        def matrix(cells, only_at_steps=False):
            # Column by column: nothing but the matrix itself takes memory for every detection.
            if len(cells.starts) == 1:
                return csc_array((count, units))
            most = sum(int(cells.starts[frame + 1] - cells.starts[frame]) for frame in by_unit)
            steps, values, ends, at = np.empty(most, np.int32), np.empty(most), np.zeros(units + 1, np.int64), 0
            for frame in by_unit:
                its, added = cells.of_frame(frame)
                chosen = next_step[its] < count
                if only_at_steps:
                    chosen &= is_step[its]
                end = at + int(chosen.sum())
                steps[at:end], values[at:end] = next_step[its[chosen]], added[chosen]
                ends[unit[frame] + 1] += end - at
                at = end
            return csc_array((values[:at], steps[:at], np.cumsum(ends)), shape=(count, units))

        return HitCurve(matrix(self._gains), matrix(self._alarms), matrix(self._tied, True))

    def _find_steps(self, scores, numbers):
        """The steps: distinct scores at which hits come in, or one per hit, falling."""
        if not self._one_by_one:
            self._scores = np.unique(scores)[::-1]
            return
        order = np.lexsort((numbers, -scores))
        self._scores, numbers = scores[order], numbers[order]
        # Of the steps of one score the number of the detection decides; both make one rising key.
        self._keys = np.cumsum(np.diff(self._scores, prepend=np.inf) != 0) * (self._starts[-1] + 1) + numbers

    def _place(self, scores, numbers):
        """The step at which, or before which, each detection comes in; ``steps`` behind the last."""
        places = np.searchsorted(-self._scores, -scores)
        if self._one_by_one and self.steps:
            tied = places < self.steps
            tied[tied] = self._scores[places[tied]] == scores[tied]
            rank = self._keys[places[tied]] // (self._starts[-1] + 1)
            places[tied] = np.searchsorted(self._keys, rank * (self._starts[-1] + 1) + numbers[tied])
        return places


class _Cells(NamedTuple):
    """Values at steps, frame after frame.

    Attributes:
        starts: ``(F + 1,)``, where the cells of each frame begin.
        steps, values: ``(C,)``.
    """

    starts: np.ndarray
    steps: np.ndarray
    values: np.ndarray

    def of_frame(self, frame) -> tuple:
        """The steps and values of a frame."""
        part = slice(self.starts[frame], self.starts[frame + 1])
        return self.steps[part], self.values[part]


def _cells(of_frames):
    steps, values = (np.concatenate([np.zeros(0, dtype=np.int32), *(each[column] for each in of_frames)]) for column in (0, 1))
    return _Cells(np.cumsum([0, *(len(each) for each, _ in of_frames)]), steps, values)


def _counted(places):
    """The distinct places and how often each occurs, int32: 50 million detections lie in memory this way."""
    return tuple(each.astype(np.int32) for each in np.unique(places, return_counts=True))


class HitCurve:
    """Hits and false positives as the threshold falls.

    Args:
        hits, alarms: Sparse ``(S, U)``: true and false positives that come in at a step or since the one before.
        tied_alarms: Those of the false positives that have the score of the step.
    """

    def __init__(self, hits: csc_array, alarms: csc_array, tied_alarms: csc_array):
        self.steps = hits.shape[0]
        self._hits, self._alarms, self._tied_alarms = hits, alarms, tied_alarms

    def average_precision(self, weights: np.ndarray, truths: np.ndarray) -> np.ndarray:
        """Area under the precision envelope, at all points, pooled over the frames.

        The envelope at a recall is the best precision at that recall or above (VOC 2010's all-point interpolation, not COCO's 101
        points). Predictions of one score enter together, so that the order of the frames changes nothing (ours).

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

    def average_precision_101(self, weights: np.ndarray, truths: np.ndarray) -> np.ndarray:
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

    def froc_areas(self, weights: np.ndarray, truths: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Areas under recall over false positives per image (or mm2), from 0 to some number of them.

        Straight lines between thresholds; behind the last one recall stays.

        Args:
            weights: ``(U, B)``.
            truths: ``(B,)``.
            ends: ``(A, B)``: the false positives at which each area ends, such as 8 times the images of each resample.

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
        """Hits added, hits so far and false positives so far at each step, ``(S, B)`` each."""
        added = self._hits @ weights
        return added, _running(np.add, added.copy()), _running(np.add, self._alarms @ weights)


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
