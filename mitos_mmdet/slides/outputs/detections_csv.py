"""Detections as CSV: one line each, in px and um of the slide."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.core.files import replacing

if TYPE_CHECKING:
    from mitos_mmdet.slides.detections import Detections

COLUMNS = ('x_px', 'y_px', 'x_um', 'y_um', 'score', 'class')
_ROWS = 5_000  # at a time, so that memory stays flat


def write_csv(path: str | Path, detections: 'Detections') -> None:
    """Writes ``x_px,y_px,x_um,y_um,score,class[,atypical]``, whole or not at all; px of level 0, um from the slide's corner.

    Args:
        path: Where to.
        detections: A ``Detections``; none of them gives the header alone.

    Raises:
        ValueError: It cannot be written; names the file.
    """
    has_atypical = detections.atypical is not None
    names = [_quoted(name) for name in detections.classes]
    with replacing(path, newline='') as file:
        file.write(','.join(COLUMNS + (('atypical', ) if has_atypical else ())) + '\n')
        for start in range(0, len(detections), _ROWS):
            part = slice(start, start + _ROWS)
            columns = [detections.points[part].tolist(), detections.points_um[part].tolist(), detections.scores[part].tolist(),
                       detections.labels[part].tolist()]
            lines = [f'{x:.3f},{y:.3f},{x_um:.3f},{y_um:.3f},{score:.6f},{names[label]}'
                     for (x, y), (x_um, y_um), score, label in zip(*columns, strict=True)]
            if has_atypical:
                lines = [f'{line},' if math.isnan(chance) else f'{line},{chance:.6f}'
                         for line, chance in zip(lines, detections.atypical[part].tolist(), strict=True)]
            file.write('\n'.join(lines) + '\n')


def _quoted(name):
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\r\n') else name
