"""The table of all models: published scores beside those of the runs at hand. Pure, apart from reading the runs' JSON files."""

import contextlib
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path

from mitos_mmdet.core.json_reading import read_json

HEADER = ('model', 'published F1', 'F1 (95 %)', 'precision', 'recall', 'AP (95 %)', 'false positives per mm²', 'frames', 'threshold',
          'seconds per mm²', 'parameters', 'checkpoint')
TABLE_MARK = ' | '.join(HEADER).encode()
_ORIGINS = {'threshold_best_on_this_set': 'best on these frames', 'threshold_fixed': 'fixed beforehand'}


@dataclass
class Run:
    """The newest test, or else the best validation, of a work dir.

    Attributes:
        folder: The work dir.
        scores: ``{metric: value}`` without the prefix ``centroid/``.
        seconds: Per frame, or None.
        checkpoint: The best checkpoint, else the last one; None where there is none.
    """

    folder: Path
    scores: dict
    seconds: float | None = None
    checkpoint: str | None = None

    def per_mm2(self, value: float | None) -> float | None:
        """A total of all frames per mm², or None where it or the frames' area is unknown."""
        area = self.scores.get('area_mm2')
        return value / area if value is not None and area else None


def read_run(folder: Path) -> Run | None:
    """The scores of the newest test; where there is none, of the newest training's best validation, which its best checkpoint belongs to.

    Args:
        folder: A work dir of ``mitos train`` or ``mitos test``. mmengine keeps a test in ``FOLDER/<time>/<time>.json``, and a training's
            validations among the lines of ``FOLDER/<time>/vis_data/scalars.json``.

    Returns:
        Run: None where the folder holds no scores of ``CentroidMetric``.

    Raises:
        ValueError: A damaged file of scores.
    """
    tests = (read_json(path) for path in _newest_first(folder, '*/*.json') if path.stem == path.parent.name)
    trainings = (best for path in _newest_first(folder, '*/vis_data/scalars.json') if (best := _best_validation(path)))
    for content in itertools.chain(tests, trainings):
        scores = {key.removeprefix('centroid/'): value for key, value in content.items() if key.startswith('centroid/')}
        if scores:
            return Run(folder, scores, content.get('time'), _checkpoint(folder))
    return None


def _newest_first(folder, pattern):
    return sorted(folder.glob(pattern), key=lambda path: path.relative_to(folder).parts[0], reverse=True)


def _best_validation(path):
    """The line of the best F1, or None. A last line that a kill has cut off is no line."""
    found = []
    for line in path.read_text(encoding='utf-8').splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            content = json.loads(line)
            if isinstance(content, dict) and not math.isnan(content.get('centroid/f1', math.nan)):
                found.append(content)
    return max(found, key=lambda content: content['centroid/f1'], default=None)


def results_table(models: list, runs: dict) -> str:
    """A Markdown table with one row per model, in the order of ``models``.

    Args:
        models: The entries of the metafiles: dicts with ``Name`` and ``Metadata``.
        runs: ``{model name: Run}``; models without a run have empty cells.
    """
    rows = [HEADER, ('---', ) * len(HEADER)]
    rows += [_row(model, runs.get(model['Name'])) for model in models]
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def _row(model, run):
    known = model.get('Metadata', {})
    published, parameters = known.get('Published F1'), known.get('Parameters')
    first = (f'`{model["Name"]}`', '' if published is None else f'{published:g}')
    size = '' if parameters is None else f'{parameters / 1e6:.1f} M'
    if run is None:
        return (*first, *[''] * (len(HEADER) - len(first) - 2), size, 'train it')
    scores, origin = run.scores, next((text for key, text in _ORIGINS.items() if key in run.scores), '')
    return (*first, _with_interval(scores, 'f1'), _number(scores.get('precision')), _number(scores.get('recall')),
            _with_interval(scores, 'ap'), _number(run.per_mm2(scores.get('fp')), 1),
            f'{scores["frames"]:g}' if 'frames' in scores else '', origin,
            _number(run.per_mm2(run.seconds and run.seconds * scores.get('frames', 0)), 1), size, run.checkpoint or '')


def _with_interval(scores, key):
    """``0.609 (0.555 to 0.655)``, or the score alone."""
    ends = [_number(scores.get(f'{key}_{end}')) for end in ('low', 'high')]
    return f'{_number(scores.get(key))} ({" to ".join(ends)})' if all(ends) else _number(scores.get(key))


def _number(value, digits=3):
    return '' if value is None else f'{value:.{digits}f}'


def _checkpoint(folder):
    found = [*sorted(folder.glob('best_*.pth')), *sorted(folder.glob('*.pth'), key=lambda path: path.stat().st_mtime, reverse=True)]
    return f'`{found[0].name}`' if found else None
