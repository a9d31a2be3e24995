"""``evaluate``: every score of one class over one set of frames, with its uncertainty. numpy and scipy alone."""

from collections.abc import Sequence

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.evaluation.bootstrap import Bootstrap, estimate, resample_weights
from mitos_mmdet.evaluation.count_agreement import CountAgreement
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.hard_negatives import Confusion, HardNegatives, confusion
from mitos_mmdet.evaluation.matching import check_rule
from mitos_mmdet.evaluation.result import Evaluation, Localisation, Summary
from mitos_mmdet.evaluation.tally import Tally
from mitos_mmdet.evaluation.thresholds import Threshold

GROUPED_BY = ('scanner', 'domain', 'region_type')


def evaluate(frames: Sequence[Frame], radius: str | Length = '7.5um', matching: str = 'midog', threshold: float | Threshold | None = None,
             name: str = MITOSIS, resamples: int = 1000, seed: int = 0) -> Evaluation:
    """Scores detections.

    Args:
        frames: List of ``Frame``: all that were looked at, those without truth and those without detections, too. The order
            changes nothing.
        radius: How far a hit may lie, inclusive, with its unit (contest: MIDOG, AMIDA13, TUPAC16 ``'7.5um'``).
        matching: One of ``matching.RULES`` (default: the contest's, MIDOG).
        threshold: Detections with score >= it count: a number, a ``Threshold`` from ``read_threshold``, or None for the best F1
            on these frames, which is optimistic, and the result says so.
        name: The class.
        resamples: Of the bootstrap (ours); 0 for no intervals.
        seed: Of the bootstrap.

    Returns:
        Evaluation: See there.

    Raises:
        ValueError: No labelled frame; a radius without unit, or in um without a frame's pixel size; an unknown rule; a threshold
            that is none, or that was chosen for another class or rule.
    """
    labelled = [frame for frame in frames if frame.labelled]
    if not labelled:
        raise ValueError(f'no labelled frame among the {len(frames)}: nothing to score by. Give the ground truth of these frames')
    return summarise(labelled, radius, matching, threshold, name, resamples, seed, len(frames) - len(labelled))


def summarise(frames: Sequence[Frame], radius: str | Length, matching: str, threshold: float | Threshold | None, name: str,
              resamples: int = 0, seed: int = 0, frames_unlabelled: int = 0) -> Evaluation:
    """The same of labelled frames, of which there may be none; arguments and errors as of ``evaluate``."""
    radius, rule = Length.parse(radius), check_rule(matching)
    labelled = sorted(frames, key=lambda frame: frame.name)
    tally = Tally(labelled, radius, rule, threshold, name)
    weights = resample_weights(tally.units, resamples, seed)
    return Evaluation(
        name, radius, rule, tally.threshold, labelled, list(tally.counts.matches), frames_unlabelled,
        Bootstrap(tally.drawn, tally.units, resamples, seed, tally.why_frames),
        _scores(tally, weights, np.arange(len(labelled))), _groups(tally, weights), tally.curve,
        _count_agreement(tally, weights), _localisation(tally, weights), tally.calibration(estimate(tally.ece(weights), tally.units)),
        _hard_negatives(tally, weights), _confusion(labelled, tally.counts.matches, radius, rule, tally.threshold.value))


def _scores(tally, weights, members, with_areas=True):
    """The ``Summary`` of the member frames (indices)."""
    units = len(set(tally.unit[members].tolist()))
    scores = tally.rates(weights, members)
    if with_areas:
        scores.update(tally.areas(weights, members))
    truths, tp, fp, detections = (int(values[members].sum()) for values in (tally.truths, tally.hits, tally.alarms, tally.predicted))
    return Summary(len(members), units, truths, detections, tp, fp, truths - tp,
                  **{key: estimate(values, units) for key, values in scores.items()})


def _groups(tally, weights):
    found = {}
    for attribute in GROUPED_BY:
        for name, members in _members(tally.frames, attribute).items():
            found.setdefault(attribute, {})[name] = _scores(tally, weights, members)
    # A case is one draw: no intervals, and few mitotic figures make no curve.
    for name, members in _members(tally.frames, 'case_id').items():
        found.setdefault('case', {})[name] = _scores(tally, weights[:, :1], members, with_areas=False)
    return found


def _members(frames, attribute):
    """``{name: indices}`` of two groups or more, by name; none where no frame has the attribute."""
    values = [getattr(frame, attribute) for frame in frames]
    names = np.array(['unknown' if value is None else str(value) for value in values])
    known = sorted(set(names.tolist()))
    return {name: np.flatnonzero(names == name) for name in known} if len(known) > 1 else {}


def _count_agreement(tally, weights):
    found = {}
    for of in ('frames', 'cases'):
        if of == 'cases' and any(frame.case_id is None for frame in tally.frames):
            continue
        names, truth, predicted = tally.of_frames_or_cases(of)
        if of == 'cases' and tally.drawn == 'frames':  # too few cases to draw: no intervals
            scores = tally.agreement(np.ones((len(names), 1)), of)
        else:
            scores = tally.agreement(weights, of)
        found[of] = CountAgreement(names, truth, predicted, **{key: estimate(values, tally.units) for key, values in scores.items()})
    return found


def _localisation(tally, weights):
    scores = tally.distances(weights)
    return Localisation(sum(map(len, tally.hit_distances_um())), *(estimate(scores[key], tally.units) for key in ('mean_um', 'sd_um')))


def _hard_negatives(tally, weights):
    known = np.array([frame.hard_negative_xy is not None for frame in tally.frames])
    if not known.any():
        return None
    on = tally.alarms_on()
    share = estimate(tally.share(on[:, 0], tally.alarms * known, weights), len(set(tally.unit[known].tolist())))
    labelled = sum(len(frame.hard_negative_xy) for frame in tally.frames if frame.hard_negative_xy is not None)
    return HardNegatives(int(known.sum()), labelled, int(on.sum()), *on.sum(axis=0).tolist(), share)


def _confusion(frames, matches, radius, rule, threshold):
    counts = [confusion(frame, found, radius, rule, threshold) for frame, found in zip(frames, matches, strict=True)
              if frame.hard_negative_xy is not None]
    if not counts:
        return None
    total = sum(counts).tolist()
    total[2][2] = None
    return Confusion(total)
