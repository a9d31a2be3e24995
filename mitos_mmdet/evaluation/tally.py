"""One pass over the frames: matches, rankings and curves, summed up by what the bootstrap draws. numpy and scipy alone.

Each method takes weights, ``(U, B)`` (U units, B resamples, see ``bootstrap``), and gives one value per column: a score and its
resamples come out of the same lines.
"""

from collections.abc import Sequence

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.bootstrap import Estimate, resampling_units
from mitos_mmdet.evaluation.box_ap import REACH, rank_by_boxes
from mitos_mmdet.evaluation.calibration import Calibration, ScoreBins, are_probabilities
from mitos_mmdet.evaluation.count_agreement import agreement
from mitos_mmdet.evaluation.counts import hit_distances_um, match_frame, pool, ratio
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.froc import MOST_PER_IMAGE, MOST_PER_MM2, ScoreGrid
from mitos_mmdet.evaluation.hard_negatives import alarms_on
from mitos_mmdet.evaluation.hit_curve import RankedFrames
from mitos_mmdet.evaluation.matching import pairs_within
from mitos_mmdet.evaluation.ranking import rank_by_rule, rank_by_score
from mitos_mmdet.evaluation.sweep import sum_up
from mitos_mmdet.evaluation.thresholds import Threshold, resolve


class Tally:
    """A set of frames at a threshold.

    Args:
        frames: List of ``Frame``, all labelled.
        radius: ``Length``.
        rule: One of ``matching.RULES``.
        threshold: As ``thresholds.resolve`` takes it.
        name: The class.

    Attributes:
        curve: The ``Sweep``.
        threshold: The ``Threshold`` that was resolved.
        counts: The ``Counts`` at it.
    """

    def __init__(self, frames: Sequence[Frame], radius: Length, rule: str, threshold: float | Threshold | None, name: str):
        self.frames, self.radius = frames, radius
        self.unit, self.drawn, self.why_frames = resampling_units(frames)
        self.units = len(set(self.unit.tolist()))
        pairs, by_rule, by_score, by_boxes = [], [], [], []
        for frame in frames:
            truth_xy, pred_xy = frame.scaled(radius)
            near = pairs_within(truth_xy, pred_xy, radius.value * REACH)
            pairs.append(near.where(near.squares <= radius.value**2))
            by_rule.append(rank_by_rule(frame, pairs[-1], rule))
            by_score.append(rank_by_score(frame, pairs[-1]))
            by_boxes.append(rank_by_boxes(frame, near, radius))
        self.curve = sum_up(frames, by_rule)
        self.threshold = resolve(threshold, frames, self.curve, name, radius, rule)
        self.counts = pool([match_frame(frame, its, rule, self.threshold.value) for frame, its in zip(frames, pairs, strict=True)])
        self._sum_up_frames()
        scores = [frame.pred_scores for frame in frames]
        self._by_rule, self._by_score = RankedFrames(scores, by_rule), RankedFrames(scores, by_score)
        self._by_boxes = RankedFrames([its.astype(np.float32) for its in scores], by_boxes, one_by_one=True)
        self._grid = ScoreGrid(scores, by_rule)
        self._bins = ScoreBins(scores, [each.hits for each in by_score], self.unit, self.units) if are_probabilities(frames) else None

    def _sum_up_frames(self):
        frames, matches = self.frames, self.counts.matches
        self.truths = np.array([len(frame.truth_xy) for frame in frames], dtype=float)
        self.hits = np.array([(found.truth_to_pred >= 0).sum() for found in matches], dtype=float)
        self.alarms = np.array([found.false_positive.sum() for found in matches], dtype=float)
        self.predicted = np.array([(frame.pred_scores >= self.threshold.value).sum() for frame in frames], dtype=float)
        self.areas_mm2 = None if any(frame.area_mm2 is None for frame in frames) else np.array([frame.area_mm2 for frame in frames])

    def rates(self, weights: np.ndarray, members: np.ndarray | slice = slice(None)) -> dict:
        """``precision``, ``recall`` and ``f1`` of the member frames at the threshold, ``(B,)`` each."""
        tp, fp, truths = (self._total(values, members) @ weights for values in (self.hits, self.alarms, self.truths))
        return dict(precision=ratio(tp, tp + fp), recall=ratio(tp, truths), f1=ratio(2 * tp, tp + fp + truths))

    def areas(self, weights: np.ndarray, members: np.ndarray | None = None) -> dict:
        """Average precisions and FROC areas, as ``result.Summary`` names them, of the member frames (indices; None: all), ``(B,)`` each."""
        members = np.arange(len(self.frames)) if members is None else members
        truths, images = (self._total(values, members) @ weights for values in (self.truths, np.ones(len(self.frames))))
        mm2 = np.full_like(images, np.nan) if self.areas_mm2 is None else self._total(self.areas_mm2, members) @ weights
        # One curve after the other: each takes memory for every detection.
        per_image, per_mm2 = self._by_rule.curve(members, self.unit, self.units).froc_areas(
            weights, truths, np.array([MOST_PER_IMAGE * images, MOST_PER_MM2 * mm2]))
        return dict(ap=self._by_score.curve(members, self.unit, self.units).average_precision(weights, truths),
                    box_ap=self._by_boxes.curve(members, self.unit, self.units).average_precision_101(weights, truths),
                    froc_area=MOST_PER_IMAGE * per_image, froc_area_per_mm2=MOST_PER_MM2 * per_mm2,
                    froc_area_midog25=self._grid.areas(members, self.unit, self.units, weights, truths, images))

    def of_frames_or_cases(self, of: str) -> tuple:
        """True and predicted counts of ``'frames'`` or of ``'cases'``: names, ``(N,)`` int and ``(N,)`` int."""
        if of == 'frames':
            return [frame.name for frame in self.frames], self.truths.astype(int), self.predicted.astype(int)
        names, place = np.unique([str(frame.case_id) for frame in self.frames], return_inverse=True)
        return (names.tolist(), *(np.bincount(place, values).astype(int) for values in (self.truths, self.predicted)))

    def agreement(self, weights: np.ndarray, of: str) -> dict:
        """The scores of ``count_agreement``, ``(B,)`` each; over cases only where cases are drawn."""
        _, truth, predicted = self.of_frames_or_cases(of)
        return agreement(truth, predicted, weights[self.unit] if of == 'frames' else weights)

    def distances(self, weights: np.ndarray) -> dict:
        """``mean_um`` and ``sd_um`` (as a population) of the hits' distances, ``(B,)`` each."""
        each = self.hit_distances_um()
        middle = np.concatenate([np.zeros(1), *each]).mean()  # about it sums of squares lose no digits
        count, sums, squares = (self._total(np.array([total(values - middle) for values in each], dtype=float)) @ weights
                                for total in (len, np.sum, lambda values: (values ** 2).sum()))
        mean = ratio(sums, count)
        return dict(mean_um=mean + middle, sd_um=np.sqrt(np.maximum(ratio(squares, count) - mean ** 2, 0)))

    def hit_distances_um(self) -> list:
        """Each frame's, see ``counts.hit_distances_um``."""
        return [hit_distances_um(frame, found) for frame, found in zip(self.frames, self.counts.matches, strict=True)]

    def ece(self, weights: np.ndarray) -> np.ndarray:
        """Expected calibration error, ``(B,)``; nan where scores are no probabilities."""
        return np.full(weights.shape[1], np.nan) if self._bins is None else self._bins.ece(weights)

    def calibration(self, ece: Estimate) -> Calibration | None:
        """The ``Calibration`` with this ``Estimate`` of the ECE; None where scores are no probabilities."""
        return None if self._bins is None else self._bins.calibration(ece)

    def alarms_on(self) -> np.ndarray:
        """``(N, 3)`` int: each frame's false positives on a hard negative, on a mitotic figure, on nothing; 0 where none are labelled."""
        return np.array([alarms_on(frame, found, self.radius) if frame.hard_negative_xy is not None else np.zeros(3, dtype=int)
                         for frame, found in zip(self.frames, self.counts.matches, strict=True)]).reshape(-1, 3)

    def share(self, part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Sum of ``part`` over sum of ``whole``, ``(N,)`` each, ``(B,)``."""
        return ratio(self._total(part) @ weights, self._total(whole) @ weights)

    def _total(self, values, members=slice(None)):
        return np.bincount(self.unit[members], values[members], self.units)
