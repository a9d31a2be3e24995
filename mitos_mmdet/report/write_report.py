"""``write_report``: an evaluation as one HTML file that opens from disk, and its plots beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.core.files import replacing
from mitos_mmdet.report.figures.draw import STEMS, draw
from mitos_mmdet.report.page import page
from mitos_mmdet.report.pictures import take_pictures
from mitos_mmdet.report.report_path import check_report_path

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.compare import Comparison
    from mitos_mmdet.evaluation.result import Evaluation


def write_report(evaluation: 'Evaluation', path: str | Path, image_of: Callable[[str], np.ndarray | None] | None = None,
                 provenance: Mapping[str, str] | None = None, comparisons: 'Mapping[str, Comparison] | None' = None) -> None:
    """Writes ``report.html``, and ``report_figures/`` with each figure as SVG and PNG.

    The page holds all it shows: it fetches nothing, and the folder is for papers and slides. The same input gives the same bytes.

    Args:
        evaluation: ``Evaluation``.
        path: The HTML file; its folder is made where it is not there.
        image_of: ``image_of(frame name)`` gives the frame as uint8 ``(H, W, 3)`` RGB, or None where it is not to be had; called once a
            frame that is shown, one after the other. None: no pictures.
        provenance: ``{what: text}`` of files, model, versions, seed, shown as it is.
        comparisons: ``{name of the other detections: Comparison}``, this evaluation being the first of each.

    Raises:
        ValueError: The path does not end in ``.html``, or cannot be written.
    """
    path = check_report_path(path)
    drawings = draw(evaluation)
    pictures = None if image_of is None else take_pictures(evaluation, image_of)
    html = page(evaluation, drawings, pictures, provenance, comparisons)
    folder = path.with_name(f'{path.stem}_figures')
    files = {f'{each.name}.{kind}': content for its in drawings.values() for each in its
             for kind, content in (('svg', each.svg.encode(errors='backslashreplace')), ('png', each.png))}
    for name, content in files.items():
        _replace(folder / name, content)
    for stale in {f'{stem}.{kind}' for stem in STEMS for kind in ('svg', 'png')} - set(files):
        (folder / stale).unlink(missing_ok=True)
    _replace(path, html.encode(errors='backslashreplace'))


def _replace(path, content):
    with replacing(path, 'wb') as file:
        file.write(content)
