"""Checks that results may be written into the slides' folders: no input and no file of another program is replaced."""

import os
from collections.abc import Iterable
from pathlib import Path

from mitos_mmdet.core.outputs import begins_with, check_output, check_writable
from mitos_mmdet.core.slide_files import is_mirax_folder
from mitos_mmdet.slides.run_slide import SUMMARY, UNFINISHED
from mitos_mmdet.slides.write_outputs import FILES

_OURS = b'"program": "mitos_mmdet '  # of every summary


def check_places(places: Iterable[Path], inputs: Iterable[Path | str | None]) -> None:
    """Checks the folders of all slides before any work is done.

    Args:
        places: The folder of each slide.
        inputs: What the run reads; folders among it do not matter, what lies in them is protected as any file of others is.

    Raises:
        ValueError: A folder cannot be written, or a result would replace an input, or a file in a folder that holds no results of an
            earlier run.
    """
    inputs = [path for path in inputs if path and os.path.isfile(path)]
    for place in places:
        check_writable('--out', place)
        for folder in (place, place.parent):
            if is_mirax_folder(folder):
                raise ValueError(f'--out {folder}: is the data folder of a MIRAX slide. Choose another folder')
        present = [path for path in (place / name for name in (*FILES.values(), SUMMARY)) if path.exists()]
        for path in present:
            check_output('--out', path, inputs)
        if present and not _is_ours(place):
            raise ValueError(f'--out {present[0]}: is there already, and not from this command ({place} holds no {SUMMARY} of it). Choose '
                             f'another folder, or remove it')


def _is_ours(place):
    """Whether results of an earlier run lie there; one that was stopped leaves a mark."""
    summary = place / SUMMARY
    return (summary.is_file() and begins_with(summary, _OURS)) or (place / UNFINISHED).is_file()
