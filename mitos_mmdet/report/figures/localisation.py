"""Distances and displacements of hits from the ground truth."""

from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.report.figures.canvas import ACCENT, PALE, RULE, SECOND, Drawing, drawing
from mitos_mmdet.report.texts import length, number, with_interval

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

_BINS = 16  # up to the radius (ours)


def localisation(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing`` of the hits' distances."""
    found = evaluation.localisation
    in_um = f' Mean {with_interval(found.mean_um, 2)} µm, standard deviation {with_interval(found.sd_um, 2)} µm.' if found.hits else ''
    caption = f'Distance of the {evaluation.overall.tp} hits from their label, up to the radius of {length(evaluation.radius)}.{in_um}'
    return drawing('localisation', 'Histogram of the distances of hits', caption, _distances, (4.4, 3.5), **_moved(evaluation))


def displacement(evaluation: 'Evaluation') -> Drawing:
    """The ``Drawing`` of the hits' displacements."""
    moved = _moved(evaluation)
    x, y = (f'{number(value, 2)} {moved["unit"]}' for value in moved['moved'].mean(axis=0))
    caption = (f'The same hits seen from their label, within the circle of the radius. Their mean, the cross, is {x} to the right and {y} '
               f'down: far from the centre it would be a shift of all detections.')
    return drawing('displacement', 'Displacements of hits from their label', caption, _cloud, (4.4, 3.5), **moved)


def _moved(evaluation):
    """Detection minus label of all hits, ``(hits, 2)`` in the radius' unit."""
    moved = []
    for frame, match in zip(evaluation.frames, evaluation.matches, strict=True):
        hit = match.truth_to_pred >= 0
        truth, pred = frame.scaled(evaluation.radius, frame.truth_xy[hit], frame.pred_xy[match.truth_to_pred[hit]])
        moved.append(pred - truth)
    return dict(moved=np.concatenate(moved), radius=evaluation.radius.value, unit=evaluation.radius.unit.replace('um', 'µm'))


def _distances(figure, moved, radius, unit):
    axes = figure.add_subplot()
    axes.hist(np.hypot(*moved.T), bins=np.linspace(0, radius * (1 + 1e-9), _BINS + 1), color=PALE, edgecolor='white')
    axes.axvline(radius, color=SECOND, linewidth=1)
    axes.set(xlim=(0, 1.02 * radius), xlabel=f'Distance, {unit}', ylabel='Hits')
    axes.yaxis.get_major_locator().set_params(integer=True)


def _cloud(figure, moved, radius, unit):
    axes, turn = figure.add_subplot(), np.linspace(0, 2 * np.pi, 181)
    axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=SECOND, linewidth=1)
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.axvline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.plot(*moved.T, 'o', color=ACCENT, markersize=4, markeredgewidth=0, alpha=0.6)
    axes.plot(*moved.mean(axis=0), '+', color=SECOND, markersize=11, markeredgewidth=1.8)
    axes.set(xlim=(-1.05 * radius, 1.05 * radius), ylim=(1.05 * radius, -1.05 * radius), aspect='equal', xlabel=f'To the right, {unit}',
             ylabel=f'Down, {unit}')
