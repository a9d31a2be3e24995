"""Confusion matrix of mitotic figure, hard negative and background, as Fig. 4 of MITOS-RCNN (2018)."""

from typing import TYPE_CHECKING

from matplotlib.colors import LinearSegmentedColormap

from mitos_mmdet.evaluation.hard_negatives import NAMES
from mitos_mmdet.report.figures.canvas import ACCENT, GREY, INK, WASH, Drawing, drawing
from mitos_mmdet.report.texts import NONE

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

_INKS = LinearSegmentedColormap.from_list('paper to accent', ['#ffffff', ACCENT])


def confusion(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing``."""
    frames = evaluation.hard_negatives.frames
    caption = (f'Detections at the threshold against labels, in the {frames} frames with labelled hard negatives. The percentage is of the '
               f'column: of what was labelled so. Background taken for background cannot be counted.')
    return drawing('confusion', 'Confusion of mitosis, hard negative and background', caption, _matrix, (4.4, 3.5),
                   counts=evaluation.confusion.counts)


def _matrix(figure, counts):
    axes = figure.add_subplot()
    totals = [sum(row[column] or 0 for row in counts) for column in range(len(NAMES))]
    for row, its in enumerate(counts):
        for column, count in enumerate(its):
            # Of the background there is no total to be a share of.
            share = count / totals[column] if count is not None and totals[column] and column < 2 else None
            axes.fill([column, column + 1, column + 1, column], [row, row, row + 1, row + 1], edgecolor='white', linewidth=2,
                      facecolor=WASH if share is None else _INKS(0.85 * share))
            ink = 'white' if (share or 0) > 0.55 else INK
            axes.text(column + 0.5, row + (0.5 if share is None else 0.44), NONE if count is None else str(count), ha='center', va='center',
                      color=ink, fontsize=14)
            if share is not None:
                axes.text(column + 0.5, row + 0.72, f'{share:.0%}', ha='center', va='center', color=ink, fontsize=8)
    axes.set(xlim=(0, 3), ylim=(3, 0), xlabel='labelled', ylabel='detected')
    axes.set_xticks([0.5, 1.5, 2.5], NAMES, color=INK)
    axes.set_yticks([0.5, 1.5, 2.5], [NAMES[0], NAMES[1], 'not detected'], color=INK, rotation=90, va='center')
    axes.xaxis.set_ticks_position('top')
    axes.xaxis.set_label_position('top')
    axes.tick_params(length=0)
    axes.plot([0, 3, 3, 0, 0], [0, 0, 3, 3, 0], color=GREY, linewidth=0.7, clip_on=False)
    axes.spines[:].set_visible(False)
