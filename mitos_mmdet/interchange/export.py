"""Writes points in the formats that others read."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from mitos_mmdet.core.files import OutputError, replacing
from mitos_mmdet.core.names import fitted, inside
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange import csv_points, detections_json, grand_challenge_files, qupath
from mitos_mmdet.interchange.contest_labels import to_tupac_files
from mitos_mmdet.interchange.frame_names import last_of
from mitos_mmdet.interchange.points import FramePoints, only

# What the command line calls them, and what makes their files; None: one JSON.
EXPORTS: dict[str, Callable] = {
    'grand-challenge': grand_challenge_files.to_files, 'grand-challenge-2025': grand_challenge_files.to_files_2025,
    'csv': csv_points.to_files, 'tupac16': to_tupac_files, 'qupath': qupath.to_files, 'mitos-mmdet': detections_json.to_files}
_NAMES_BY_THRESHOLD, _MITOSES_ALONE = ('grand-challenge', 'grand-challenge-2025'), ('grand-challenge', 'grand-challenge-2025', 'tupac16')


def export(frames: Sequence[FramePoints], to: str, threshold: float | None = None) -> tuple[list[tuple[str, str]], int, list[str]]:
    """The files of points in another format.

    Args:
        frames: List of ``FramePoints``.
        to: A name of ``EXPORTS``.
        threshold: Submissions name their points by it; elsewhere the points under it are left out. None: all points, as they are.

    Returns:
        tuple: ``[(path inside the folder, text), ...]``, how many points they hold, and notes.

    Raises:
        ValueError: What that format cannot hold, or two frames that would get one file.
    """
    if to not in EXPORTS:
        raise ValueError(f'{to!r} is no format to write. Choose one of {", ".join(EXPORTS)}')
    nameless = next((frame for frame in frames if last_of(frame) in ('', '.', '..')), None)
    if nameless is not None and to != 'mitos-mmdet':
        raise ValueError(f'the frame {nameless.name!r} has no name that a file could have. Name it in the detections')
    notes = []
    if to in _MITOSES_ALONE:
        others = sum(int((frame.labels != MITOSIS).sum()) for frame in frames)
        notes = [f'{others} points of other classes than {MITOSIS!r} are left out, this format has none'] if others else []
        frames = [only(frame, frame.labels == MITOSIS) for frame in frames]
    if to in _NAMES_BY_THRESHOLD:
        files = EXPORTS[to](frames, threshold)
    else:
        if threshold is not None:
            if any(frame.scores is None for frame in frames):
                raise ValueError('the points have no scores, so a threshold says nothing. Leave it out')
            frames = [only(frame, np.asarray(frame.scores) >= threshold) for frame in frames]
        in_mm = next((frame for frame in frames if frame.unit == 'mm'), None)
        if in_mm is not None:
            raise ValueError(f'{in_mm.name or "the image"}: is in mm, {to} is in px. Give --truth or --um-per-px')
        files = EXPORTS[to](frames)
    seen = {}
    for number, (path, _) in enumerate(files):
        if path in seen:
            raise ValueError(f'{path}: two frames would get this file. Write them to two folders')
        seen[path] = number
    return files, sum(map(len, frames)), notes


def write_folder(files: Sequence[tuple[str, str]], out: str | Path) -> None:
    """Writes files into a new folder, all or none.

    Args:
        files: ``[(path inside, text), ...]``.
        out: A folder that is not there yet, or is empty.

    Raises:
        ValueError: It holds something, or cannot be written.
    """
    out = Path(out)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ValueError(f'{out}: is there already. Choose another name, or remove it')
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=out.parent, prefix=f'.{out.name}.'))
    except OSError as error:
        raise ValueError(f'{out}: cannot be written ({error.strerror}). Choose another output folder') from error
    try:
        (draft / 'made').mkdir()
        for path, text in files:
            with replacing(inside(draft / 'made', fitted(*_split(path)), 'the detections')) as file:
                file.write(text)
        if out.exists():
            out.rmdir()
        os.replace(draft / 'made', out)
    except OSError as error:
        raise OutputError(f'{out}: cannot be written ({error.strerror}). Choose another output folder') from error
    finally:
        shutil.rmtree(draft)


def _split(path):
    """``(name, suffix)`` of a file; only the name may be shortened."""
    suffix = PurePosixPath(path).suffix
    return path.removesuffix(suffix), suffix
