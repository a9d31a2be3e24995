"""How well detections count: predicted over labelled counts, and the differences as Bland and Altman plot them."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.report.figures.canvas import ACCENT, GREY, RULE, SECOND, Drawing, drawing
from mitos_mmdet.report.texts import with_interval

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.count_agreement import CountAgreement

_AREA = 32  # of the dot of one frame, in points squared (ours)


def count_scatter(of: str, agreement: 'CountAgreement') -> Drawing:
    """The ``Drawing`` for ``'frames'`` or ``'cases'`` and their ``CountAgreement``."""
    caption = (f'Counted against labelled, one dot per {of[:-1]}; a larger dot stands for several, in proportion. Off by '
               f'{with_interval(agreement.mean_absolute_error, 2)} on average, '
               f"Lin's concordance {with_interval(agreement.concordance, 2)}.")
    return drawing(f'counts_{of}', f'Detected over labelled counts of {of}', caption, _scatter, (4.4, 3.5), agreement=agreement)


def bland_altman(of: str, agreement: 'CountAgreement') -> Drawing:
    """The ``Drawing``."""
    caption = (f'Difference, detected minus labelled, over the mean of both (Bland and Altman). Bias {with_interval(agreement.bias, 2)}; '
               f'95% limits of agreement {with_interval(agreement.limit_low, 2)} and {with_interval(agreement.limit_high, 2)}; '
               f'bands are their intervals.')
    return drawing(f'bland_altman_{of}', f'Bland-Altman plot of the counts of {of}', caption, _differences, (4.4, 3.5), agreement=agreement)


def _scatter(figure, agreement):
    axes = figure.add_subplot()
    most = max(1, *agreement.truth, *agreement.predicted)
    axes.plot([0, most], [0, most], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    _dots(axes, agreement.truth, agreement.predicted)
    pad = 0.06 * most
    axes.set(xlim=(-pad, most + pad), ylim=(-pad, most + pad), xlabel='Labelled', ylabel='Detected')
    _whole_numbers(axes.xaxis)
    _whole_numbers(axes.yaxis)


def _differences(figure, agreement):
    axes = figure.add_subplot()
    mean, difference = (agreement.truth + agreement.predicted) / 2, agreement.predicted - agreement.truth
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    for estimate, style, label in ((agreement.bias, '-', 'bias'), (agreement.limit_low, (0, (4, 3)), 'limit'),
                                   (agreement.limit_high, (0, (4, 3)), 'limit')):
        if np.isnan(estimate.value):
            continue
        if estimate.has_interval:
            axes.axhspan(estimate.low, estimate.high, color=SECOND, alpha=0.1, linewidth=0, zorder=0)
        axes.axhline(estimate.value, color=SECOND, linewidth=1.2, linestyle=style, zorder=1)
        axes.annotate(label, (1, estimate.value), (3, 0), xycoords=('axes fraction', 'data'), textcoords='offset points', va='center',
                      color=SECOND, fontsize=7.5)
    _dots(axes, mean, difference)
    axes.set(xlabel='Mean of labelled and detected', ylabel='Detected − labelled')
    axes.margins(x=0.06, y=0.12)
    _whole_numbers(axes.yaxis)


def _dots(axes, x, y):
    """One dot a place, its area as many as stand there."""
    places = Counter(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))
    xy = np.array(sorted(places))
    sizes = [_AREA * places[tuple(place)] for place in xy.tolist()]
    axes.scatter(*xy.T, s=sizes, color=ACCENT, alpha=0.75, edgecolor='white', linewidth=0.6, zorder=3, clip_on=False)


def _whole_numbers(axis):
    axis.get_major_locator().set_params(integer=True)
