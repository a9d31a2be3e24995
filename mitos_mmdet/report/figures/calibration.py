"""Reliability diagram: precision in each tenth of the scores."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator

from mitos_mmdet.report.figures.canvas import ACCENT, GREY, PALE, RULE, SECOND, Drawing, drawing
from mitos_mmdet.report.texts import with_interval

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation


def reliability(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing``."""
    calibration = evaluation.calibration
    caption = (f'Share of mitotic figures among the detections of each score: on the dashed line a score is a probability. All '
               f'{calibration.count.sum():,} detections, also those under the threshold (vertical line). Expected calibration error '
               f'{with_interval(calibration.ece)}.')
    return drawing('reliability', 'Reliability diagram', caption, _diagram, (4.4, 3.7), calibration=calibration,
                   threshold=evaluation.threshold.value)


def _diagram(figure, calibration, threshold):
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    edges, filled = calibration.edges, calibration.count > 0
    upper.bar(edges[:-1][filled], calibration.precision[filled], width=np.diff(edges)[filled], align='edge', color=PALE, edgecolor='white')
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    upper.plot(calibration.mean_score[filled], calibration.precision[filled], 'o', color=ACCENT, markersize=4.5, clip_on=False)
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel='Share of mitotic figures')
    lower.bar(edges[:-1][filled], calibration.count[filled], width=np.diff(edges)[filled], align='edge', color=RULE, edgecolor='white')
    lower.set(yscale='log', ylim=(0.7, max(10, 2 * calibration.count.max())), xlabel='Score', ylabel='Detections')
    lower.yaxis.set_major_locator(LogLocator(numticks=4))
    lower.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f'{count:,.0f}'))
    lower.minorticks_off()
    for axes in (upper, lower):
        if not np.isnan(threshold):
            axes.axvline(threshold, color=SECOND, linewidth=1)
