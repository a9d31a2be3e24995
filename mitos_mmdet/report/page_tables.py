"""The report's tables as plain rows; the page turns them into HTML."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mitos_mmdet.evaluation.froc import MOST_PER_IMAGE, MOST_PER_MM2
from mitos_mmdet.evaluation.tables import AGREEMENT
from mitos_mmdet.report.texts import NONE, interval, number

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.compare import Comparison
    from mitos_mmdet.evaluation.count_agreement import CountAgreement
    from mitos_mmdet.evaluation.result import Evaluation, Summary

# Figure, attribute of ``Scores``, the best it can be, digits.
HEADLINE = (('F1', 'f1', 1, 3), ('Precision', 'precision', 1, 3), ('Recall', 'recall', 1, 3), ('AP, centroids', 'ap', 1, 3),
            ("AP, MIDOG's boxes at IoU 0.5", 'box_ap', 1, 3),
            (f'FROC area, 0 to {MOST_PER_IMAGE} false positives per frame', 'froc_area', MOST_PER_IMAGE, 2),
            (f'FROC area, 0 to {MOST_PER_MM2} false positives per mm²', 'froc_area_per_mm2', MOST_PER_MM2, 2))
_FRAME_COLUMNS = (('case', 'case_id'), ('scanner', 'scanner'), ('domain', 'domain'), ('region', 'region_type'))
COMPARED = dict(f1='F1', precision='Precision', recall='Recall', ap='AP, centroids', box_ap="AP, MIDOG's boxes",
                froc_area='FROC area, per frame', froc_area_per_mm2='FROC area, per mm²',
                froc_area_midog25='FROC area, MIDOG 2025', count_error_frames='Count error, frames', count_error_cases='Count error, cases',
                ece='Calibration error')


def headline(scores: 'Summary') -> list[dict]:
    """Dicts of ``title``, ``value``, ``interval``, ``best`` and, as shares of the best, ``at``, ``low``, ``high`` (None without)."""
    rows = []
    for title, key, best, digits in HEADLINE:
        estimate = getattr(scores, key)
        shares = [None if value != value else min(1, value / best) for value in (estimate.value, estimate.low, estimate.high)]
        rows.append(dict(title=title, value=number(estimate.value, digits), interval=interval(estimate, digits), best=best,
                         **dict(zip(('at', 'low', 'high'), shares, strict=True))))
    return rows


def group_table(title: str, found: 'Mapping[str, Summary]') -> tuple:
    """Heading and rows of ``{name: Scores}``; of cases, which have no intervals, without AP."""
    rates = ('precision', 'recall', 'f1') if title == 'case' else ('f1', 'precision', 'recall', 'ap', 'froc_area')
    heads = dict(f1='F1', precision='precision', recall='recall', ap='AP', froc_area='FROC area')
    rows = [[name, each.frames, each.truths, each.tp, each.fn, each.fp,
             *(_cell(getattr(each, key)) for key in rates)]
            for name, each in found.items()]
    return [title, 'frames', 'labelled', 'hits', 'misses', 'false positives', *(heads[key] for key in rates)], rows


def frame_table(evaluation: 'Evaluation', names: Mapping[str, str]) -> tuple:
    """Heading and rows, one per frame; what is the same for all frames is left out."""
    known = [(head, key) for head, key in _FRAME_COLUMNS if len({getattr(frame, key) for frame in evaluation.frames}) > 1]
    rows = []
    for frame, found in zip(evaluation.frames, evaluation.matches, strict=True):
        hits, alarms = int((found.truth_to_pred >= 0).sum()), int(found.false_positive.sum())
        truths = len(frame.truth_xy)
        rows.append([names[frame.name], *(NONE if getattr(frame, key) is None else str(getattr(frame, key)) for _, key in known), truths,
                     hits, truths - hits, alarms, number(2 * hits / (hits + truths + alarms) if hits + truths + alarms else None, 2)])
    return ['frame', *(head for head, _ in known), 'labelled', 'hits', 'misses', 'false positives', 'F1'], rows


def agreement_table(count_agreement: 'Mapping[str, CountAgreement]') -> tuple:
    """Heading and rows of the count agreement."""
    return ['', *count_agreement], [[title[0].upper() + title[1:], *(_cell(getattr(each, key)) for each in count_agreement.values())]
                                    for title, key in AGREEMENT]


def comparison_table(comparison: 'Comparison') -> tuple:
    """Heading and rows of a ``Comparison``."""
    rows = [[COMPARED[key], number(each.first), number(each.second), number(each.difference.value), interval(each.difference),
             number(each.share_second_better, 2)] for key, each in comparison.scores.items()]
    return ['', 'this model', 'the other', 'difference', '95% interval', 'other better in'], rows


def _cell(estimate):
    """``(value, interval)``; an empty interval where there is none."""
    return number(estimate.value, 2), interval(estimate, 2) if estimate.has_interval else ''
