"""From two files to scores: what ``mitos evaluate`` does between reading and printing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.bootstrap import Estimate
from mitos_mmdet.evaluation.compare import compare
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.pairing import Pairing, pair
from mitos_mmdet.evaluation.result import Evaluation
from mitos_mmdet.evaluation.submitted import submitted_threshold
from mitos_mmdet.evaluation.thresholds import Threshold
from mitos_mmdet.interchange.points import PointFile

# Swapped axes are suspected where swapping finds this many times more, and more than a few (ours).
_FAR_MORE, _FEW = 5, 5
_NEED_SCORES = ('ap', 'box_ap', 'froc_area', 'froc_area_per_mm2', 'froc_area_midog25')


@dataclass
class ScoredFile:
    """One file of detections, scored.

    Attributes:
        detections: As read.
        pairing: With the truth.
        evaluations: ``{class: Evaluation}``, headline first.
        notes: Lines that the user should read.
    """

    detections: PointFile
    pairing: Pairing
    evaluations: dict
    notes: list


def score(truth: PointFile, detections: PointFile, radius: str | Length = '7.5um', matching: str = 'midog',
          threshold: float | Threshold | None = None, choose: bool = False, classes: Sequence[str] = (MITOSIS, ), resamples: int = 1000,
          seed: int = 0, um_per_px: Sequence[float] | None = None, ignore_unknown: bool = False) -> ScoredFile:
    """Scores the detections of a file against a truth.

    Args:
        truth, detections: Two ``PointFile``.
        radius, matching, resamples, seed: As ``evaluate`` takes them.
        threshold: A number for all classes, a ``Threshold`` from a file for its class (the others get the best on this set), or None:
            what a submission says itself, else the best on this set.
        choose: The best on this set, whatever a submission says.
        classes: Names, headline first.
        um_per_px, ignore_unknown: As ``pair`` takes them.

    Returns:
        ScoredFile: See there. Without scores in the file all that needs them is nan or None.

    Raises:
        ValueError: What ``pair`` and ``evaluate`` raise; a class that the files have not; a threshold for a file without scores; a
            radius in px for places in mm; detections, no truth and no threshold.
    """
    own, origin = None, ''
    if not choose and threshold is None:
        detections, own, origin = submitted_threshold(detections)
    elif not detections.has_scores:
        raise ValueError(f'{detections.path}: has no scores, so only its own operating point can be scored. Leave the threshold out')
    paired = pair(truth, detections, um_per_px, ignore_unknown)
    if paired.unit == 'um' and Length.parse(radius).unit == 'px':
        raise ValueError(f'a radius of {radius}, but {truth.path} and {detections.path} are in mm. Give the radius in um, or --um-per-px')
    notes = [*detections.notes, *paired.notes, *([f'threshold of {detections.path.name}: {origin}'] if origin else []),
             *_check_classes(paired, classes, (truth, detections)), *_look_swapped(paired.frames(classes[0]), radius)]
    evaluations = {}
    for name in classes:
        at = own if threshold is None else threshold
        if isinstance(at, Threshold) and at.name not in (None, name):
            at = None  # it was chosen for another class
        frames = paired.frames(name)
        found = evaluate(frames, radius, matching, at, name, resamples, seed)
        if math.isnan(found.threshold.value) and any(len(frame.pred_scores) for frame in frames if frame.labelled):
            raise ValueError(f'{truth.path}: has no {name} by which a threshold could be chosen, so no detection would count. Give the '
                             f'threshold (--threshold), for example 0.5')
        evaluations[name] = found if detections.has_scores else without_scores(found)
    return ScoredFile(detections, paired, evaluations, notes)


def _look_swapped(frames, radius):
    """A note where far more is found with x and y swapped: in square frames, as TUPAC16's, nothing lies outside that would show it."""
    swapped = [replace(frame, pred_xy=frame.pred_xy[:, ::-1]) for frame in frames]
    now, then = (counts_at(each, Length.parse(radius)).tp for each in (frames, swapped))
    return [f'with x and y swapped {then} mitotic figures would be found, now {now} are: the two are probably swapped in the detections'] \
        if then > max(_FEW, _FAR_MORE * now) else []


def compare_scored(first: ScoredFile, second: ScoredFile, resamples: int = 1000, seed: int = 0) -> dict:
    """``{class: Comparison}`` of two ``ScoredFile``; where one has no scores, without what needs them.

    Raises:
        ValueError: What ``compare`` raises.
    """
    ranked = first.detections.has_scores and second.detections.has_scores
    compared = {name: compare(evaluation, second.evaluations[name], resamples, seed) for name, evaluation in first.evaluations.items()}
    return compared if ranked else {name: replace(each, scores={
        key: value for key, value in each.scores.items() if key not in (*_NEED_SCORES, 'ece')}) for name, each in compared.items()}


def without_scores(evaluation: Evaluation) -> Evaluation:
    """The evaluation of detections that have no scores: counts at their one operating point, and nothing that ranks them."""
    nothing = Estimate(math.nan)

    def strip(scores):
        return replace(scores, **{key: nothing for key in _NEED_SCORES if getattr(scores, key) is not None})

    groups = {attribute: {name: strip(scores) for name, scores in its.items()} for attribute, its in evaluation.groups.items()}
    return replace(evaluation, overall=strip(evaluation.overall), groups=groups, calibration=None)


def _check_classes(paired, classes, files):
    """Notes on classes that are not scored; ``ValueError`` where a file has points of other names, and none of the classes."""
    for point_file, its in zip(files, paired.classes, strict=True):
        shown = ', '.join(map(repr, sorted(its)))
        if its - {HARD_NEGATIVE} and not its & set(classes):  # hard negatives alone: a model that found no mitosis
            raise ValueError(f'{point_file.path}: has no {classes[0]!r}, only {shown}. Name its classes so, or choose with --classes')
    unknown = [name for name in classes[1:] if name not in paired.classes[0]]
    if unknown:
        raise ValueError(f'{files[0].path}: has no {unknown[0]!r}, only {shown}. Leave it out of --classes')
    # Hard negatives are looked at with the mitoses.
    others = sorted((paired.classes[0] | paired.classes[1]) - {*classes, HARD_NEGATIVE})
    return [f"not scored: points of the classes {', '.join(map(repr, others))}"] if others else []
