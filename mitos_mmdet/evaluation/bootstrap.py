"""Bootstrap confidence intervals over cases. numpy alone.

Detections of one slide share its stain, its scanner and its tumour, so they are no independent draws: whole cases are drawn with
replacement, and where there are fewer than ten of them frames (ours; too few draws give intervals that mean nothing). Drawing a
case w times equals counting it w times, so a resample is a column of weights and every score is a function of such columns; the
first column is all ones, the sample as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
FEWEST_CASES = 10


@dataclass(frozen=True)
class Estimate:
    """A score and its interval.

    Attributes:
        value: Of the sample as it is; nan where there is nothing to judge.
        low, high: 95 % percentile interval; nan where there is none (no value, no resamples, or fewer than two units).
    """

    value: float
    low: float = np.nan
    high: float = np.nan

    @property
    def has_interval(self) -> bool:
        return not np.isnan(self.low)


@dataclass(frozen=True)
class Bootstrap:
    """What was drawn.

    Attributes:
        unit: ``'cases'`` or ``'frames'``.
        units: How many there are.
        resamples: How often they were drawn, 0 for no intervals.
        seed: Of the draws.
        why: Why frames are drawn, where they are.
        level: Of the intervals.
    """

    unit: str
    units: int
    resamples: int
    seed: int
    why: str | None = None
    level: float = LEVEL

    def text(self) -> str:
        """One line for a caption."""
        if not self.resamples:
            return 'no intervals were asked for'
        why = f' ({self.why})' if self.why else ''
        return f'{self.level:.0%} intervals: bootstrap over {self.units} {self.unit}{why}, {self.resamples} resamples, seed {self.seed}'


def resampling_units(frames: Sequence) -> tuple:
    """What is drawn of these frames.

    Returns:
        tuple: ``(N,)`` int, each frame's unit; ``'cases'`` or ``'frames'``; why frames, or None. Cases are numbered by name,
        frames as given.
    """
    names = [frame.case_id for frame in frames]
    known = sorted({str(name) for name in names if name is not None})
    if any(name is None for name in names):
        why = 'not every frame has a case_id' if known else 'no frame has a case_id'
    elif len(known) < FEWEST_CASES:
        why = f'only {len(known)} case{"s" * (len(known) != 1)}, which is fewer than {FEWEST_CASES}'
    else:
        return np.searchsorted(known, [str(name) for name in names]), 'cases', None
    return np.arange(len(frames)), 'frames', why


def resample_weights(units: int, resamples: int, seed: int) -> np.ndarray:
    """How often each unit is drawn.

    Returns:
        np.ndarray: ``(units, 1 + resamples)`` float64 whole numbers; the first column is all ones.
    """
    if not units:
        return np.ones((0, 1 + resamples))
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=resamples)
    return np.concatenate([np.ones((units, 1)), drawn.T], axis=1)


def estimate(values: ArrayLike, units: int) -> Estimate:
    """The ``Estimate`` of a metric.

    Args:
        values: ``(1 + B,)``: of the sample as it is, then of each resample. Resamples without a value (nan: a group that was not
            drawn) are left out.
        units: How many units the score rests on: one alone has no interval.
    """
    values = np.asarray(values, dtype=np.float64)
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(drawn) or units < 2:
        return Estimate(float(values[0]))
    low, high = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Estimate(float(values[0]), float(low), float(high))
