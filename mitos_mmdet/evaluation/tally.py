"""Everything the figures of a set of frames are made of, summed up by what the bootstrap draws. numpy and scipy alone.

Each method takes weights, ``(U, B)`` (U units, B resamples, see ``bootstrap``), and gives one value a column: a figure and its
resamples come out of the same lines.
"""

import numpy as np

from mitos_mmdet.evaluation.bootstrap import resampling_units
from mitos_mmdet.evaluation.box_ap import box_events
from mitos_mmdet.evaluation.calibration import ScoreBins, are_probabilities
from mitos_mmdet.evaluation.count_agreement import agreement
from mitos_mmdet.evaluation.froc import MOST_PER_IMAGE, MOST_PER_MM2, midog25_froc_area
from mitos_mmdet.evaluation.hard_negatives import alarms_on
from mitos_mmdet.evaluation.hit_curve import HitCurve
from mitos_mmdet.evaluation.matching import match_by_score
from mitos_mmdet.evaluation.scores import hit_distances_um, ratio, score_at
from mitos_mmdet.evaluation.sweep import frame_events


class Tally:
    """A set of frames at a threshold.

    Args:
        frames: List of ``Frame``, all labelled.
        radius: ``Length``.
        rule: One of ``matching.RULES``.
        threshold: Detections with score >= it count; nan keeps none.
        events: The frames' ``frame_events``, where they are known already.
    """

    def __init__(self, frames, radius, rule, threshold, events=None):
        self.frames, self.radius = frames, radius
        self.unit, self.drawn, self.why_frames = resampling_units(frames)
        self.units = len(set(self.unit.tolist()))
        self.score = score_at(frames, radius, rule, threshold)
        self.truths = np.array([len(frame.truth_xy) for frame in frames], dtype=float)
        self.hits = np.array([(found.truth_to_pred >= 0).sum() for found in self.score.matches], dtype=float)
        self.alarms = np.array([found.false_positive.sum() for found in self.score.matches], dtype=float)
        self.predicted = np.array([(frame.pred_scores >= threshold).sum() for frame in frames], dtype=float)
        self.areas_mm2 = None if any(frame.area_mm2 is None for frame in frames) else np.array([frame.area_mm2 for frame in frames])
        self._events = events or [frame_events(frame, radius, rule) for frame in frames]
        self._by_score = [_hits_by_score(frame, radius) for frame in frames]
        self._boxes = box_events(frames, radius)
        self._bins = ScoreBins([(scores, hits) for scores, hits, _ in self._by_score], self.unit, self.units) \
            if are_probabilities(frames) else None

    def rates(self, weights, members=slice(None)):
        """``precision``, ``recall`` and ``f1`` of the member frames at the threshold, ``(B,)`` each."""
        tp, fp, truths = (self._total(values, members) @ weights for values in (self.hits, self.alarms, self.truths))
        return dict(precision=ratio(tp, tp + fp), recall=ratio(tp, truths), f1=ratio(2 * tp, tp + fp + truths))

    def areas(self, weights, members=None):
        """Average precisions and FROC areas, as ``result.Scores`` names them, of the member frames (indices; None: all), ``(B,)`` each."""
        members = np.arange(len(self.frames)) if members is None else members
        chosen = [[events[index] for index in members] for events in (self._events, self._by_score, self._boxes)]
        swept, by_score, boxes = (HitCurve(events, self.unit[members], self.units) for events in chosen)
        truths, images = (self._total(values, members) @ weights for values in (self.truths, np.ones(len(self.frames))))
        mm2 = np.full_like(images, np.nan) if self.areas_mm2 is None else self._total(self.areas_mm2, members) @ weights
        per_image, per_mm2 = swept.froc_areas(weights, truths, np.array([MOST_PER_IMAGE * images, MOST_PER_MM2 * mm2]))
        return dict(ap=by_score.average_precision(weights, truths), box_ap=boxes.average_precision_101(weights, truths),
                    froc_area=MOST_PER_IMAGE * per_image, froc_area_per_mm2=MOST_PER_MM2 * per_mm2,
                    froc_area_midog25=midog25_froc_area(chosen[0], self.unit[members], self.units, weights, truths, images))

    def counts(self, of):
        """True and predicted counts of ``'frames'`` or of ``'cases'``: names, ``(N,)`` int and ``(N,)`` int."""
        if of == 'frames':
            return [frame.name for frame in self.frames], self.truths.astype(int), self.predicted.astype(int)
        names, place = np.unique([str(frame.case_id) for frame in self.frames], return_inverse=True)
        return (names.tolist(), *(np.bincount(place, values).astype(int) for values in (self.truths, self.predicted)))

    def agreement(self, weights, of):
        """The figures of ``count_agreement``, ``(B,)`` each; over cases only where cases are drawn."""
        _, truth, predicted = self.counts(of)
        return agreement(truth, predicted, weights[self.unit] if of == 'frames' else weights)

    def distances(self, weights):
        """``mean_um`` and ``sd_um`` (as a population) of the hits' distances, ``(B,)`` each."""
        each = [hit_distances_um(frame, found) for frame, found in zip(self.frames, self.score.matches, strict=True)]
        middle = np.concatenate([np.zeros(1), *each]).mean()  # about it sums of squares lose no digits
        count, sums, squares = (self._total(np.array([total(values - middle) for values in each], dtype=float)) @ weights
                                for total in (len, np.sum, lambda values: (values ** 2).sum()))
        mean = ratio(sums, count)
        return dict(mean_um=mean + middle, sd_um=np.sqrt(np.maximum(ratio(squares, count) - mean ** 2, 0)))

    def ece(self, weights):
        """Expected calibration error, ``(B,)``; nan where scores are no probabilities."""
        return np.full(weights.shape[1], np.nan) if self._bins is None else self._bins.ece(weights)

    def calibration(self, ece):
        """The ``Calibration`` with this ``Estimate`` of the ECE; None where scores are no probabilities."""
        return None if self._bins is None else self._bins.calibration(ece)

    def alarms_on(self):
        """``(N, 3)`` int: each frame's false alarms on a hard negative, on a mitosis, on nothing; 0 where none are labelled."""
        return np.array([alarms_on(frame, found, self.radius) if frame.hard_negative_xy is not None else np.zeros(3, dtype=int)
                         for frame, found in zip(self.frames, self.score.matches, strict=True)]).reshape(-1, 3)

    def share(self, part, whole, weights):
        """Sum of ``part`` over sum of ``whole``, ``(N,)`` each, ``(B,)``."""
        return ratio(self._total(part) @ weights, self._total(whole) @ weights)

    def _total(self, values, members=slice(None)):
        return np.bincount(self.unit[members], values[members], self.units)


def _hits_by_score(frame, radius):
    hits = match_by_score(*frame.scaled(radius), frame.pred_scores, radius.value) >= 0
    return frame.pred_scores, hits.astype(float), 1.0 - hits
