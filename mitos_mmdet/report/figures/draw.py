"""Draws every plot that an evaluation has data for."""

from typing import TYPE_CHECKING

from mitos_mmdet.report.figures.calibration import reliability
from mitos_mmdet.report.figures.confusion import confusion
from mitos_mmdet.report.figures.counts import bland_altman, count_scatter
from mitos_mmdet.report.figures.curves import froc, precision_recall
from mitos_mmdet.report.figures.groups import groups
from mitos_mmdet.report.figures.localisation import displacement, localisation

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation


def draw(evaluation: 'Evaluation') -> dict:
    """``{section of the page: [Drawing, ...]}``; a section without anything to show is empty."""
    counts = list(evaluation.count_agreement.items())[::-1]  # cases, where there are any, before frames
    return dict(
        curves=[precision_recall(evaluation), froc(evaluation)],
        groups=[groups(attribute, found) for attribute, found in evaluation.groups.items() if attribute != 'case'],
        errors=[*([confusion(evaluation)] if evaluation.confusion is not None else []),
                *([localisation(evaluation), displacement(evaluation)] if evaluation.overall.tp else []),
                *([reliability(evaluation)] if evaluation.calibration is not None and evaluation.calibration.count.any() else [])],
        counts=[drawing for of, agreement in counts for drawing in (count_scatter(of, agreement), bland_altman(of, agreement))])


# Every stem a report may have written: those of an earlier run that this one has not are taken away.
STEMS = ('precision_recall', 'froc', 'by_scanner', 'by_domain', 'by_region_type', 'confusion', 'localisation', 'displacement',
         'reliability', 'counts_frames', 'counts_cases', 'bland_altman_frames', 'bland_altman_cases')
