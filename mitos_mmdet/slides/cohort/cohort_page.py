"""``cohort.html``: the distribution of counts, the failures, and links to the slides' pages. One file without external resources."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mitos_mmdet.core.digits import rounded
from mitos_mmdet.core.files import replacing
from mitos_mmdet.slides.cohort.work import DONE, FAILED
from mitos_mmdet.slides.count_slide import IS_EXACT, NO_FIGURE
from mitos_mmdet.slides.grade import DISCLAIMER, RULES

if TYPE_CHECKING:
    from mitos_mmdet.slides.cohort.table import CohortRow

PAGE_MARK = b'content="mitos_mmdet cohort"'  # stands at the top of every page
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 960, 240, 44, 44
_MOST_BINS = 24
_SUMMARY = 'summary.json'


def write_cohort_page(path: str | Path, rows: 'Sequence[CohortRow]', table_name: str) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: The HTML file, in the folder that holds the slides' folders.
        rows: List of ``CohortRow``.
        table_name: File name of the table beside it.
    """
    with replacing(path) as file:
        file.write(cohort_page(rows, table_name))


def cohort_page(rows: 'Sequence[CohortRow]', table_name: str) -> str:
    """The page as text."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters['number'] = rounded
    done = [row for row in rows if row.status == DONE]
    names = dict.fromkeys(name for row in rows for name in row.slide.columns)
    carried = [name for name in names if name not in ('path', 'roi', 'um_per_px')]
    counts = [row.hotspot.get('mitotic_figures', 0) for row in done]
    densities = [row.hotspot.get('per_mm2', 0.0) for row in done]
    scores = [sum(row.score == score for row in done) for score in (1, 2, 3)]
    return environment.from_string(_text('cohort_page.html.j2')).render(
        style=Markup(_text('cohort_page.css')), script=Markup(_text('cohort_page.js')), rows=rows, done=done, carried=carried,
        failed=[row for row in rows if row.status == FAILED], table_name=table_name,
        scores=scores, ungraded=sum(row.score is None for row in done),
        rule=RULES['mm2'], disclaimer=DISCLAIMER, link=_link, chart=histogram(densities) if done else None,
        median=_median(counts), range=(min(counts), max(counts)) if counts else None, median_density=_median(densities),
        notes=_notes, areas=sorted({round(row.hotspot['area_mm2'], 2) for row in done if row.hotspot}))


def histogram(values: Sequence[float]) -> dict:
    """Bars of values from 0 on, as places of an SVG of 960 x 240.

    Args:
        values: Densities, at least one.

    Returns:
        dict: ``bars`` ``[(x, y, width, height, words)]``, ``ticks`` ``[(x, text)]``, ``rows`` ``[(y, text)]`` and ``marks``
        ``[(x, y of its text, text)]`` where the scores begin.
    """
    rule = RULES['mm2']
    most = max(*values, rule.from_3 * 1.25)
    width = _step(most / _MOST_BINS)
    bins = int(most // width) + 1
    counts, edges = np.histogram(values, bins=bins, range=(0, bins * width))
    tall = max(1, counts.max())
    scale_x, scale_y = (_WIDTH - _LEFT - 12) / (bins * width), (_HEIGHT - _BOTTOM - 24) / tall
    floor = _HEIGHT - _BOTTOM
    bars = [(_LEFT + edge * scale_x + 1, floor - count * scale_y, max(1.0, width * scale_x - 2), count * scale_y,
             f'{count} slide{"s" if count != 1 else ""} from {edge:g} to below {edge + width:g} per mm²')
            for edge, count in zip(edges[:-1], counts.tolist(), strict=True) if count]
    step = _step(bins * width / 12)
    row = max(1, int(np.ceil(tall / 4)))
    return dict(
        width=_WIDTH, height=_HEIGHT, left=_LEFT, floor=floor, bars=bars,
        ticks=[(_LEFT + tick * scale_x, f'{tick:g}') for tick in np.arange(0, bins * width + step / 2, step)],
        rows=[(floor - count * scale_y, str(count)) for count in range(row, int(tall) + 1, row)],
        # Their words in two lines: with one slide far to the right, they lie close.
        marks=[(_LEFT + start * scale_x, y, f'score {score}') for score, start, y in ((2, rule.from_2, 22), (3, rule.from_3, 38))])


def _step(least):
    """The smallest 1, 2 or 5 times a power of ten that is not below."""
    power = 10.0**np.floor(np.log10(least))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9)))


def _link(row):
    """The file of a slide's folder to open, relative to the page: its page, or what is told of it."""
    return f"{row.slide.folder}/{(row.summary or {}).get('files', {}).get('page', _SUMMARY)}"


def _notes(row):
    """Caveats of one slide's counts, without those that hold for every slide."""
    notes = [note for note in (row.summary or {}).get('notes', ()) if note not in (NO_FIGURE, IS_EXACT)]
    return [*notes, row.not_graded] if row.not_graded else notes


def _median(values):
    return float(np.median(values)) if values else None


def _text(name):
    return (files(__package__) / name).read_text(encoding='utf-8')
