"""Detections as grand-challenge takes them: ``Multiple points`` in millimetres from the slide's corner."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.core.files import replacing
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.grand_challenge_schema import COUNTS, COUNTS_NOT, TYPE

if TYPE_CHECKING:
    from mitos_mmdet.slides.detections import Detections

_CHUNK = 5_000


def write_grand_challenge(path: str | Path, detections: 'Detections', threshold: float) -> None:
    """Writes the mitotic figures; other classes are left out.

    Args:
        path: Where to.
        detections: A ``Detections``, with those under the threshold where these shall be candidates.
        threshold: Points with score >= it are named ``mitotic figure``, the others ``non-mitotic figure``.

    Raises:
        ValueError: Scores outside 0 to 1, or it cannot be written; names the file.
    """
    points = detections.of(MITOSIS) if MITOSIS in detections.classes else detections.take(slice(0, 0))
    if len(points) and not (points.scores.min() >= 0 and points.scores.max() <= 1):
        raise ValueError(f'{path}: scores from {points.scores.min():g} to {points.scores.max():g} are no probabilities, which a '
                         f'submission needs')
    names = [json.dumps(name) for name in (COUNTS_NOT, COUNTS)]
    with replacing(path) as file:
        file.write(f'{{"name": "Points of interest", "type": "{TYPE}", "points": [')
        for start in range(0, len(points), _CHUNK):
            part = slice(start, start + _CHUNK)
            lines = [f'{{"name": {names[score >= threshold]}, "point": [{x!r}, {y!r}, 0], "probability": {score!r}}}'
                     for (x, y), score in zip((points.points_um[part] / 1000).tolist(), points.scores[part].tolist(), strict=True)]
            file.write((',\n' if start else '\n') + ',\n'.join(lines))
        file.write('\n], "version": {"major": 1, "minor": 0}}\n')
