"""``cohort.csv``: one row per slide, what the manifest says and what was found."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mitos_mmdet.core.files import replacing
from mitos_mmdet.slides.cohort.cohort_slide import CohortSlide
from mitos_mmdet.slides.cohort.work import DONE, FAILED

TABLE_MARK = b'hotspot_mitotic_figures,hotspot_area_mm2'  # stands in the heading
_NUMBERS = 6  # digits


@dataclass(frozen=True)
class CohortRow:
    """What became of ``slide``: ``status`` done or failed, the ``reason``, and the ``summary`` or None."""
    slide: CohortSlide
    status: str
    reason: str = ''
    summary: dict | None = None

    @property
    def hotspot(self) -> dict:
        """The summary's hotspot, an empty dict where there is none."""
        return (self.summary or {}).get('hotspot') or {}

    @property
    def score(self) -> int | None:
        """Score of the hotspot by the first rule, None where there is none."""
        return self._grade.get('score')

    @property
    def not_graded(self) -> str | None:
        """Why there is no score, None with one."""
        return self._grade.get('not_graded')

    @property
    def _grade(self):
        return ((self.summary or {}).get('grades') or [{}])[0]

    def values(self) -> dict:
        """``{column: value}`` of what was found."""
        summary, spot = self.summary or {}, self.hotspot
        um_per_px = summary.get('um_per_px') or (None, None)
        box = spot.get('box_um') or [None] * 4
        return dict(
            status=self.status, reason=self.reason, folder=self.slide.folder, mitotic_figures=summary.get('mitotic_figures'),
            area_mm2=summary.get('area_mm2'), per_mm2=summary.get('per_mm2'),
            hotspot_mitotic_figures=spot.get('mitotic_figures', 0 if self.status == DONE else None), hotspot_area_mm2=spot.get('area_mm2'),
            hotspot_per_mm2=spot.get('per_mm2'), hotspot_x_um=box[0], hotspot_y_um=box[1], score_per_mm2=self.score,
            not_graded=self.not_graded, atypical_share=summary.get('atypical_share'), threshold=summary.get('threshold'),
            um_per_px_x=um_per_px[0], um_per_px_y=um_per_px[1], notes=' '.join(summary.get('notes') or ()))


def write_table(path: str | Path, rows: Sequence[CohortRow]) -> None:
    """Writes the table, whole or not at all. A manifest's column of a name that ours has, keeps it; ours is then ``mitos_NAME``.

    Args:
        path: The CSV file.
        rows: List of ``CohortRow``.
    """
    carried = list(dict.fromkeys(name for row in rows for name in row.slide.columns))
    own = list(CohortRow(rows[0].slide, FAILED).values()) if rows else []
    names = {name: f'mitos_{name}' if name in carried else name for name in own}
    with replacing(path, newline='') as file:
        writer = csv.writer(file)
        writer.writerow([*carried, *names.values()])
        for row in rows:
            values = row.values()
            writer.writerow([*(row.slide.columns.get(name, '') for name in carried), *(_text(values[name]) for name in own)])


def _text(value):
    if value is None:
        return ''
    return f'{value:.{_NUMBERS}g}' if isinstance(value, float) else str(value)
