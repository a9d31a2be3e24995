"""Results as text for a terminal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mitos_mmdet.evaluation.tables import evaluation_tables, shown

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

PER = {'scanner': 'scanner', 'domain': 'domain', 'case': 'case', 'region': 'region_type'}


def read_per(text: str | None) -> list:
    """``'scanner,case'`` as names of groups; None, the default, is all but the cases.

    Raises:
        ValueError: Another name.
    """
    names = ['scanner', 'domain', 'region'] if text is None else [name.strip() for name in text.split(',')]
    for name in names:
        if name not in PER:
            raise ValueError(f'--per {text}: {name!r} is none of {", ".join(PER)}')
    return [PER[name] for name in names]


def evaluation_text(evaluation: 'Evaluation', per: Sequence[str]) -> str:
    """One class: tables with 95 % intervals, what was drawn for them, and a warning where the threshold was tuned on the same frames.

    Args:
        evaluation: ``Evaluation``.
        per: Which of its groups, as ``read_per`` gives them.
    """
    cases = {frame.case_id for frame in evaluation.frames} - {None}
    chosen = {name: groups for name, groups in evaluation.groups.items() if name in per}
    tables = evaluation_tables(replace(evaluation, groups=chosen))
    if 'case' in chosen:
        # One case alone has no interval, and too few mitoses for areas.
        tables.insert(-1, [['case', 'frames', 'TP', 'FP', 'FN', 'F1'], *(
            [name, *map(str, (each.frames, each.tp, each.fp, each.fn)), shown(each.f1, 3)] for name, each in chosen['case'].items())])
    unlabelled = f', {evaluation.frames_unlabelled} unlabelled ones left out' if evaluation.frames_unlabelled else ''
    known = f'{len(cases) or "unknown"} case{"s" * (len(cases) != 1)}'
    lines = [f'{len(evaluation.frames)} frame{"s" * (len(evaluation.frames) != 1)} of {known}{unlabelled}; {evaluation.bootstrap.text()}',
             *(text_table(rows) + '\n' for rows in tables)]
    if evaluation.threshold.flatters:
        lines.append('the threshold was tuned on these frames, so F1, precision and recall are optimistic: choose it on validation data '
                     '(--choose-threshold FILE), then give the file (--threshold-file FILE)')
    return '\n'.join(lines)


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return '\n'.join([lines[0], '-' * max(map(len, lines)), *lines[1:]])
