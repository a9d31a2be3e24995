"""Results as rows of text, heading first, for a terminal. No third-party import."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.bootstrap import Estimate
    from mitos_mmdet.evaluation.compare import Comparison
    from mitos_mmdet.evaluation.result import Evaluation

HEADLINE = (('F1', 'f1'), ('precision', 'precision'), ('recall', 'recall'), ('AP (centroids)', 'ap'),
            ("AP (MIDOG's boxes, IoU 0.5)", 'box_ap'), ('FROC area, 0 to 8 false positives per image', 'froc_area'),
            ("the same by MIDOG 2025's 40 thresholds", 'froc_area_midog25'),
            ('FROC area, 0 to 4 false positives per mm2', 'froc_area_per_mm2'))
_COUNTS = ('TP', 'FP', 'FN', 'precision', 'recall', 'F1')
AGREEMENT = (('mean absolute error', 'mean_absolute_error'), ('bias', 'bias'), ('lower limit of agreement', 'limit_low'),
             ('upper limit of agreement', 'limit_high'), ('Pearson', 'pearson'), ('Spearman', 'spearman'),
             ("Lin's concordance", 'concordance'))


def shown(estimate: 'Estimate', digits: int = 4) -> str:
    """``'0.8123 (0.7650 to 0.8570)'``; without an interval only the value, ``'-'`` for nan."""
    if math.isnan(estimate.value):
        return '-'
    value = f'{estimate.value:.{digits}f}'
    return f'{value} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})' if estimate.has_interval else value


def evaluation_tables(evaluation: 'Evaluation') -> list[list[list[str]]]:
    """The whole result.

    Args:
        evaluation: ``Evaluation``.

    Returns:
        list[list[list[str]]]: Tables, rows, cells: scores, groups, counts.
    """
    overall = evaluation.overall
    rows = [[evaluation.name, f'{evaluation.radius}, {evaluation.matching}, score >= {evaluation.threshold.text()}'],
            ['TP, FP, FN', f'{overall.tp}, {overall.fp}, {overall.fn}'],
            *([title, shown(getattr(overall, key))] for title, key in HEADLINE),
            ['distance of hits, um', f'{shown(evaluation.localisation.mean_um, 2)}, SD {shown(evaluation.localisation.sd_um, 2)}']]
    if evaluation.calibration is not None:
        rows.append(['expected calibration error', shown(evaluation.calibration.ece)])
    if evaluation.hard_negatives is not None:
        rows += _hard_negatives(evaluation.hard_negatives)
    return [rows, *_groups(evaluation), _agreement(evaluation.count_agreement)]


def class_tables(evaluations: 'Sequence[Evaluation]') -> list[list[list[str]]]:
    """What a validation prints: one table of the classes, then one per grouping of the first class.

    Args:
        evaluations: List of ``Evaluation``, headline first.
    """
    tables = [[['class', *_COUNTS, 'AP', 'distance of hits', 'score threshold']]]
    for each in evaluations:
        assert each.overall.ap is not None  # only single cases have none
        hits = each.localisation
        distance = f'{hits.mean_um.value:.2f} +- {hits.sd_um.value:.2f} um' if hits.hits else '-'
        tables[0].append([each.name, *_counts(each.overall), f'{each.overall.ap.value:.4f}', distance, each.threshold.text()])
    for attribute in ('scanner', 'domain'):
        groups = evaluations[0].groups.get(attribute)
        if groups:
            rows = [[name, *_counts(each)] for name, each in groups.items()]
            tables.append([[f'{evaluations[0].name}, by {attribute}', *_COUNTS], *rows])
    return tables


def _counts(summary):
    return [str(summary.tp), str(summary.fp), str(summary.fn),
            *(f'{estimate.value:.4f}' for estimate in (summary.precision, summary.recall, summary.f1))]


def comparison_table(comparison: 'Comparison', first: str = 'first', second: str = 'second') -> list[list[str]]:
    """Rows of a ``Comparison``, heading first."""
    return [['score', first, second, 'difference', f'resamples in which {second} is better'],
            *([name.replace('_', ' '), _number(each.first), _number(each.second), shown(each.difference),
               _number(each.share_second_better, 3)] for name, each in comparison.scores.items())]


def _hard_negatives(found):
    return [['false positives on a hard negative', f'{found.on_hard_negative} of {found.false_alarms}, '
                                                f'share {shown(found.share_on_hard_negative, 3)}'],
            ['on a mitosis already counted', str(found.on_mitosis)], ['on nothing labelled', str(found.on_nothing)]]


def _groups(evaluation):
    for attribute, groups in evaluation.groups.items():
        if attribute == 'case':  # in the JSON: too many to print
            continue
        yield [[attribute.replace('_', ' '), 'frames', 'TP', 'FP', 'FN', 'F1', 'AP (centroids)', 'FROC area'],
               *([name, str(each.frames), str(each.tp), str(each.fp), str(each.fn), shown(each.f1, 3), shown(each.ap, 3),
                  shown(each.froc_area, 2)] for name, each in groups.items())]


def _agreement(of):
    return [['counts', *of], *([title, *(shown(getattr(each, key), 2) for each in of.values())] for title, key in AGREEMENT)]


def _number(value, digits=4):
    return '-' if math.isnan(value) else f'{value:.{digits}f}'
