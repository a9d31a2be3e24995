"""``evaluate``: every figure of one class over one set of frames, with its uncertainty. numpy and scipy alone."""

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.evaluation.bootstrap import Bootstrap, estimate, resample_weights
from mitos_mmdet.evaluation.count_agreement import CountAgreement
from mitos_mmdet.evaluation.froc import froc
from mitos_mmdet.evaluation.hard_negatives import Confusion, HardNegatives, confusion
from mitos_mmdet.evaluation.matching import check_rule
from mitos_mmdet.evaluation.result import Evaluation, Localisation, Scores
from mitos_mmdet.evaluation.sweep import frame_events, sum_up
from mitos_mmdet.evaluation.tally import Tally
from mitos_mmdet.evaluation.thresholds import resolve

GROUPED_BY = ('scanner', 'domain', 'region_type')


def evaluate(frames, radius='7.5um', matching='midog', threshold=None, name=MITOSIS, resamples=1000, seed=0):
    """Scores detections.

    Args:
        frames: List of ``Frame``: all that were looked at, those without truth and those without detections, too. The order
            changes nothing.
        radius: How far a hit may lie, inclusive, with its unit (contest: MIDOG, AMIDA13, TUPAC16 ``'7.5um'``).
        matching: One of ``matching.RULES`` (default: the contest's, MIDOG).
        threshold: Detections with score >= it count: a number, a ``Threshold`` from ``read_threshold``, or None for the best F1
            on these very frames, which flatters, and the result says so.
        name: The class.
        resamples: Of the bootstrap (ours); 0 for no intervals.
        seed: Of the bootstrap.

    Returns:
        Evaluation: See there.

    Raises:
        ValueError: No labelled frame; a radius without unit, or in um without a frame's pixel size; an unknown rule; a threshold
            that is none, or that was chosen for another class or rule.
    """
    radius, rule = Length.parse(radius), check_rule(matching)
    labelled = sorted((frame for frame in frames if frame.labelled), key=lambda frame: frame.name)
    if not labelled:
        raise ValueError(f'no labelled frame among the {len(frames)}: nothing to score by. Give the truth of these frames')
    events = [frame_events(frame, radius, rule) for frame in labelled]
    curve = sum_up(events, sum(len(frame.truth_xy) for frame in labelled))
    threshold = resolve(threshold, labelled, curve, name, radius, rule)
    tally = Tally(labelled, radius, rule, threshold.value, events)
    weights = resample_weights(tally.units, resamples, seed)
    return Evaluation(
        name, radius, rule, threshold, labelled, list(tally.score.matches), len(frames) - len(labelled),
        Bootstrap(tally.drawn, tally.units, resamples, seed, tally.why_frames),
        _scores(tally, weights, np.arange(len(labelled))), _groups(tally, weights), curve, froc(curve, labelled),
        _count_agreement(tally, weights), _localisation(tally, weights), tally.calibration(estimate(tally.ece(weights), tally.units)),
        _hard_negatives(tally, weights), _confusion(labelled, tally.score.matches, radius, rule, threshold.value))


def _scores(tally, weights, members, with_areas=True):
    """The ``Scores`` of the member frames (indices)."""
    units = len(set(tally.unit[members].tolist()))
    figures = tally.rates(weights, members)
    if with_areas:
        figures.update(tally.areas(weights, members))
    truths, tp, fp, detections = (int(values[members].sum()) for values in (tally.truths, tally.hits, tally.alarms, tally.predicted))
    return Scores(len(members), units, truths, detections, tp, fp, truths - tp,
                  **{key: estimate(values, units) for key, values in figures.items()})


def _groups(tally, weights):
    found = {}
    for attribute in GROUPED_BY:
        for name, members in _members(tally.frames, attribute).items():
            found.setdefault(attribute, {})[name] = _scores(tally, weights, members)
    # A case is one draw: no intervals, and few mitoses make no curve.
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
        names, truth, predicted = tally.counts(of)
        if of == 'cases' and tally.drawn == 'frames':  # too few cases to draw: no intervals
            figures = tally.agreement(np.ones((len(names), 1)), of)
        else:
            figures = tally.agreement(weights, of)
        found[of] = CountAgreement(names, truth, predicted, **{key: estimate(values, tally.units) for key, values in figures.items()})
    return found


def _localisation(tally, weights):
    figures = tally.distances(weights)
    return Localisation(len(tally.score.distances_um), *(estimate(figures[key], tally.units) for key in ('mean_um', 'sd_um')))


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
