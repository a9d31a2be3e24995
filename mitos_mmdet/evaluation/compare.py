"""``compare``: whether one model is better than another on the same frames, by a paired bootstrap. numpy and scipy alone."""

from dataclasses import dataclass

import numpy as np

from mitos_mmdet.evaluation.bootstrap import Bootstrap, Estimate, estimate, resample_weights
from mitos_mmdet.evaluation.result import Evaluation, plain
from mitos_mmdet.evaluation.tally import Tally
from mitos_mmdet.evaluation.thresholds import Threshold

LESS_IS_BETTER = ('count_error_frames', 'count_error_cases', 'ece')


@dataclass(frozen=True)
class Difference:
    """One score of two models.

    Attributes:
        first, second: Of either model.
        difference: second - first, with the interval of the difference (both models on the same resamples).
        share_second_better: Of the resamples, those in which the second model is better; equals count half. nan without
            resamples.
    """

    first: float
    second: float
    difference: Estimate
    share_second_better: float


@dataclass(frozen=True)
class Comparison:
    """Two models on the same frames.

    Attributes:
        first_threshold, second_threshold: Each model is scored at its own.
        bootstrap: Of the intervals.
        scores: ``{name: Difference}``: ``f1 precision recall ap box_ap froc_area froc_area_per_mm2 froc_area_midog25``, and, less being
            better, ``count_error_frames``, ``count_error_cases`` (mean absolute errors; the latter only where cases are drawn)
            and ``ece``.
    """

    first_threshold: Threshold
    second_threshold: Threshold
    bootstrap: Bootstrap
    scores: dict[str, Difference]

    def to_dict(self) -> dict:
        """For JSON; nan is None."""
        return dict(first_threshold=plain(self.first_threshold.to_dict()), second_threshold=plain(self.second_threshold.to_dict()),
                    bootstrap=plain(self.bootstrap), figures=plain(self.scores))


def compare(first: Evaluation, second: Evaluation, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compares two ``Evaluation`` of the same frames.

    Args:
        first, second: The models, scored by the same radius, matching and class; frames go together by name.
        resamples, seed: Of the bootstrap, as in ``evaluate``.

    Returns:
        Comparison: See there.

    Raises:
        ValueError: They were scored by different rules, or on different frames or truth.
    """
    _check_pair(first, second)
    tallies = [Tally(each.frames, each.radius, each.matching, each.threshold, each.name) for each in (first, second)]
    one = tallies[0]
    weights = resample_weights(one.units, resamples, seed)
    of_first, of_second = (_scores(tally, weights) for tally in tallies)
    scores = {}
    for name, ours in of_first.items():
        theirs = of_second[name]
        apart = theirs - ours
        gain = -apart[1:] if name in LESS_IS_BETTER else apart[1:]
        gain = gain[~np.isnan(gain)]
        share = float(((gain > 0) + (gain == 0) / 2).mean()) if len(gain) else np.nan
        scores[name] = Difference(float(ours[0]), float(theirs[0]), estimate(apart, one.units), share)
    return Comparison(first.threshold, second.threshold, Bootstrap(one.drawn, one.units, resamples, seed, one.why_frames), scores)


def _scores(tally, weights):
    rates = tally.rates(weights)
    found = {name: rates[name] for name in ('f1', 'precision', 'recall')}
    found.update(tally.areas(weights))
    found['count_error_frames'] = tally.agreement(weights, 'frames')['mean_absolute_error']
    if tally.drawn == 'cases':
        found['count_error_cases'] = tally.agreement(weights, 'cases')['mean_absolute_error']
    found['ece'] = tally.ece(weights)
    return found


def _check_pair(first, second):
    for what in ('name', 'radius', 'matching'):
        ours, theirs = getattr(first, what), getattr(second, what)
        if ours != theirs:
            raise ValueError(f'the two models were scored by different rules: {what} {ours} and {theirs}. Evaluate both alike')
    names = [[frame.name for frame in each.frames] for each in (first, second)]
    for mine in names:
        twice = next((name for name, after in zip(mine, mine[1:], strict=False) if name == after), None)
        if twice is not None:
            raise ValueError(f'two frames are called {twice}: frames cannot be paired by name. Give each its own')
    only = sorted(set(names[0]) ^ set(names[1]))
    if only:
        raise ValueError(f'{only[0]} is in one of the two evaluations only (and {len(only) - 1} more frames). Evaluate both models '
                         f'on the same frames')
    for ours, theirs in zip(first.frames, second.frames, strict=True):
        if not np.array_equal(ours.truth_xy, theirs.truth_xy):
            raise ValueError(f'{ours.name}: the two evaluations have different truth. Evaluate both models against the same file')
