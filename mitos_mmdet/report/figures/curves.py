"""Precision-recall and free-response curves with the operating point and its intervals."""

import math
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.evaluation.froc import MOST_PER_IMAGE
from mitos_mmdet.report.figures.canvas import ACCENT, GREY, RULE, SECOND, Drawing, drawing, whiskers
from mitos_mmdet.report.texts import number, with_interval

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

_POINTS = 2000  # of a curve (ours): more cannot be seen, and 100,000 make a heavy page


def precision_recall(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing``."""
    overall = evaluation.overall
    caption = (f'Precision over recall at every score. AP {with_interval(overall.ap)}. The dot is the operating point with its '
               f'intervals, F1 {number(overall.f1.value)}; grey lines join points of equal F1.')
    return drawing('precision_recall', 'Precision-recall curve', caption, _precision_recall, (4.4, 3.7), evaluation=evaluation)


def froc(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing``."""
    per_mm2 = ' The upper axis counts the same false positives per mm².' if evaluation.froc.fp_per_mm2 is not None else ''
    caption = (f'Recall over mean false positives per frame (FROC). Area from 0 to {MOST_PER_IMAGE}: '
               f'{with_interval(evaluation.overall.froc_area, 2)} of {MOST_PER_IMAGE}.{per_mm2}')
    return drawing('froc', 'Free-response ROC curve', caption, _froc, (4.4, 3.7), evaluation=evaluation)


def _precision_recall(figure, evaluation):
    axes, curve, overall = figure.add_subplot(), evaluation.curve, evaluation.overall
    recall = np.linspace(0.05, 1, 400)
    for f1 in (0.2, 0.4, 0.6, 0.8):
        precision = f1 * recall / np.where(2 * recall > f1, 2 * recall - f1, np.nan)
        axes.plot(recall, np.where(precision <= 1, precision, np.nan), color=RULE, linewidth=0.8, zorder=1)
        axes.annotate(f'{f1:g}', (1, f1 / (2 - f1)), (3, 0), textcoords='offset points', color=GREY, fontsize=7, va='center')
    if _is_curve(curve):
        shown = _shown(len(curve.thresholds))
        axes.plot(curve.recall[shown], curve.precision[shown], color=ACCENT, linewidth=1.6, zorder=2)
    _operating_point(axes, overall.recall.value, overall.precision.value, overall.recall, overall.precision)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='Recall', ylabel='Precision')


def _froc(figure, evaluation):
    axes, curve, overall = figure.add_subplot(), evaluation.froc, evaluation.overall
    if _is_curve(curve):
        # From no detection at all to the last one.
        alarms, recall = (np.concatenate([[0], values[_shown(len(values))]]) for values in (curve.fp_per_image, curve.recall))
        axes.plot(alarms, recall, color=ACCENT, linewidth=1.6, zorder=2)
    at = overall.fp / overall.frames
    most = max(MOST_PER_IMAGE, 1.1 * at)
    _operating_point(axes, at, overall.recall.value, None, overall.recall)
    axes.set(xlim=(0, most), ylim=(0, 1.02), xlabel='False positives per frame', ylabel='Recall')
    areas = [frame.area_mm2 for frame in evaluation.frames]
    if None not in areas:
        area = sum(areas) / len(areas)
        upper = axes.secondary_xaxis('top', functions=(lambda frame: frame / area, lambda mm2: mm2 * area))
        upper.set_xlabel('False positives per mm²')


def _operating_point(axes, x, y, across, up):
    """A dot with the intervals ``across`` and ``up``; nothing where it has no place."""
    if math.isnan(x) or math.isnan(y):
        return
    whiskers(axes, across, y, horizontal=True, color=SECOND, zorder=3)
    whiskers(axes, up, x, horizontal=False, color=SECOND, zorder=3)
    axes.plot(x, y, 'o', color=SECOND, markersize=7, markeredgecolor='white', zorder=4, clip_on=False)


def _is_curve(curve):
    # Detections without scores give one point, no matter which truth there is; without truth there is nothing to find.
    return len(curve.thresholds) > 1 and not np.isnan(curve.recall).any()


def _shown(points):
    return np.unique(np.linspace(0, points - 1, _POINTS).round().astype(int))
