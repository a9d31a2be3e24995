"""One class scored over a set of frames, and the text that shows it. No mmdet import."""

import re
from dataclasses import dataclass

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.scores import Score, average_precision, score_at
from mitos_mmdet.evaluation.sweep import Sweep, sweep
from mitos_mmdet.evaluation.thresholds import Threshold

COLUMNS = ('TP', 'FP', 'FN', 'precision', 'recall', 'F1')


@dataclass(frozen=True)
class ClassResult:
    """Everything known about one class.

    Attributes:
        name: The class.
        frames: Its frames, as scored.
        curve: Counts at every threshold.
        threshold: The operating point (score >= it); nan where it was to be chosen and there is nothing to choose by.
        chosen_here: The threshold is the best one on these very frames, so the counts at it are flattering.
        score: Counts at the threshold.
        ap: Average precision over centroids.
    """

    name: str
    frames: list[Frame]
    radius: Length
    rule: str
    curve: Sweep
    threshold: float
    chosen_here: bool
    score: Score
    ap: float

    def groups(self, attribute):
        """``{name: Score}`` per ``scanner``, ``domain`` or ``case_id``, all at the one threshold; ``'unknown'`` for None."""
        names = [str(getattr(frame, attribute) or 'unknown') for frame in self.frames]
        return {name: score_at([frame for frame, its in zip(self.frames, names, strict=True) if its == name], self.radius,
                               self.rule, self.threshold) for name in sorted(set(names))}


def score_class(name, frames, radius, rule='midog', threshold=None):
    """Scores one class.

    Args:
        name: What it is called.
        frames: List of ``Frame``.
        radius: ``Length``, inclusive.
        rule: One of ``matching.RULES`` (default: the contest's, MIDOG).
        threshold: Fixed beforehand; None takes the one of the best F1 on ``frames``.
    """
    curve = sweep(frames, radius, rule)
    at = curve.best_threshold if threshold is None else float(threshold)
    return ClassResult(name, frames, radius, rule, curve, at, threshold is None, score_at(frames, radius, rule, at),
                       average_precision(frames, radius))


def slug(name):
    """A name as part of a metric's key: ``'Hamamatsu XR/S360'`` is ``'hamamatsu_xr_s360'``."""
    return re.sub(r'\W+', '_', str(name)).strip('_').lower()


def counts(score, prefix=''):
    """A ``Score`` as flat floats."""
    return {prefix + key: float(getattr(score, key)) for key in ('f1', 'precision', 'recall', 'tp', 'fp', 'fn')}


def threshold_text(result):
    """The threshold and how it came about."""
    return Threshold(result.threshold, 'best_on_this_set' if result.chosen_here else 'fixed').text()


def tables(results):
    """Rows to print, heading first: one table of the classes, then one per grouping with more than one group (first class).

    Returns:
        list[list[list[str]]]: Tables, rows, cells.
    """
    shown = [[['class', *COLUMNS, 'AP', 'distance of hits', 'score threshold']]]
    for result in results:
        score = result.score
        distance = f'{score.distance_mean_um:.2f} +- {score.distance_sd_um:.2f} um' if len(score.distances_um) else '-'
        shown[0].append([result.name, *_cells(score), f'{result.ap:.4f}', distance, threshold_text(result)])
    for attribute in ('scanner', 'domain'):
        groups = results[0].groups(attribute)
        if len(groups) > 1:
            shown.append([[f'{results[0].name}, by {attribute}', *COLUMNS],
                          *([name, *_cells(score)] for name, score in groups.items())])
    return shown


def _cells(score):
    return [str(score.tp), str(score.fp), str(score.fn), *(f'{value:.4f}' for value in (score.precision, score.recall, score.f1))]
