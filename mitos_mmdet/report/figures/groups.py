"""F1, precision and recall of each scanner, domain or region type, as bars with intervals."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.report.figures.canvas import ACCENT, GREY, INK, PALE, Drawing, drawing, whiskers
from mitos_mmdet.report.texts import number, several

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Summary

_RATES = ('F1', 'precision', 'recall')
_LONGEST = 30  # letters of a group's name in a figure (ours); the table has it whole


def groups(attribute: str, found: 'Mapping[str, Summary]') -> Drawing:
    """The ``Drawing`` of ``{name: Scores}``."""
    what = attribute.replace('_', ' ')
    caption = (f'{several(len(found), what)}, at the one threshold. Lines are intervals: of a group of one frame, or one case where cases '
               f'are drawn, there is none.')
    return drawing(f'by_{attribute}', f'F1, precision and recall by {what}', caption, _bars, (9, 0.9 + 0.34 * len(found)), found=found)


def _bars(figure, found):
    panels = figure.subplots(1, len(_RATES), sharey=True, squeeze=False)[0]
    places = np.arange(len(found))
    for axes, rate in zip(panels, _RATES, strict=True):
        for place, scores in zip(places, found.values(), strict=True):
            estimate = getattr(scores, rate.lower())
            if not math.isnan(estimate.value):
                axes.barh(place, estimate.value, height=0.62, color=PALE)
                axes.plot([estimate.value] * 2, [place - 0.31, place + 0.31], color=ACCENT, linewidth=1.8, solid_capstyle='butt')
                whiskers(axes, estimate, place, horizontal=True, color=INK, linewidth=1)
            axes.text(1.03, place, number(estimate.value, 2), va='center', color=INK, fontsize=8, transform=axes.get_yaxis_transform())
        axes.set(xlim=(0, 1), xlabel=rate[0].upper() + rate[1:])
        axes.tick_params(axis='y', length=0)
        axes.spines['left'].set_color(GREY)
    panels[0].set_yticks(places, [f'{_cut(name)}  ({scores.truths})' for name, scores in found.items()], color=INK)
    panels[0].set_ylim(len(found) - 0.5, -0.5)


def _cut(name):
    return name if len(name) <= _LONGEST else f'{name[:_LONGEST - 1]}…'
