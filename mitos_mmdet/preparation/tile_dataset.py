"""Cuts frames into tiles on disk: several frames at once, each decoded once, and where it was killed it goes on.

Below the output folder: ``tiling.json`` (what these tiles are, written first), ``images/``, ``stains/`` (each frame's stain) and
``tiles.json`` (written last). Every file appears whole or not at all, so a file that is there is done.
"""

import json
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.images import read_header
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.names import as_spelled_there, fitted, inside
from mitos_mmdet.core.output_folder import claimed
from mitos_mmdet.core.workers import run_jobs, worker_count
from mitos_mmdet.datasets.coco_format import read_annotations
from mitos_mmdet.datasets.frame_stain import stain_record
from mitos_mmdet.preparation.frame_pixels import FramePixels
from mitos_mmdet.preparation.one_image import fault_of
from mitos_mmdet.preparation.tile_plan import TileSettings, plan_tiles, summarise, tiles_json
from mitos_mmdet.stain.estimation import MAX_PIXELS

_PAD_VALUE = 255  # Ours: white, as the glass beside the tissue.


@dataclass(frozen=True)
class _Job:
    """What a worker gets: a frame, the size it must have, ``(xyxy, file)`` of its tiles, and how and where its stain is recorded."""

    frame: Path
    size: tuple
    tiles: tuple
    stain_method: str | None
    stain_file: Path


def tile_dataset(frames_file: str | Path, image_folder: str | Path, out: str | Path, settings: TileSettings, workers: int | None = None,
                 strict: bool = False) -> tuple:
    """Writes the tiles of a dataset and their annotation file.

    Args:
        frames_file: COCO json of the frames.
        image_folder: What its ``file_name`` s are relative to.
        out: Folder for the tiles; one that holds tiles of these settings is completed. A frame changed behind an unchanged name
            is not noticed.
        settings: A ``TileSettings``.
        workers: Processes; None: one per core, 8 at most.
        strict: A broken frame or label is an error.

    Returns:
        tuple: ``(lines, skipped)``: the summary of what there is now, and ``[(what, reason), ...]`` of what was left out.

    Raises:
        ValueError: Input that cannot be used, no tile at all, every frame broken, an output folder that is not writable or that
            holds other tiles.
    """
    frames_file, image_folder, out = Path(frames_file), Path(image_folder), Path(out)
    workers = worker_count(workers)
    content = read_annotations(frames_file)
    _check_folders(frames_file, image_folder, out)
    planned, skipped = plan_tiles(content, settings)
    if not any(frame.tiles for frame in planned):
        raise ValueError(f'{frames_file}: gives no tile. '
                         + (_first(skipped) or 'No tile of a labelled frame holds an object: use --keep all, or smaller tiles'))
    jobs = {index: _job(frame, image_folder, out, settings) for index, frame in enumerate(planned) if frame.tiles}
    # The headers alone show most of what can be wrong, before anything is written.
    broken = {index: reason for index, job in jobs.items() if (reason := fault_of(job.frame, _check_size, job)[1])}
    jobs = {index: job for index, job in jobs.items() if index not in broken}
    _judge(planned, jobs, broken, skipped, strict)

    with claimed(out, 'tiling.json', _record(frames_file, image_folder, settings), 'tiles'):
        broken |= _cut_all(jobs, workers)
        jobs = {index: job for index, job in jobs.items() if index not in broken}
        skipped = _judge(planned, jobs, broken, skipped, strict)
        if settings.stain:
            stains = {index: json.loads(job.stain_file.read_bytes()) for index, job in jobs.items()}
            planned = [replace(frame, image=frame.image | dict(stain=stains[index])) if index in stains else frame
                       for index, frame in enumerate(planned)]
        planned = [frame for index, frame in enumerate(planned) if index not in broken]
        write_json(tiles_json(content, planned, settings), out / 'tiles.json')
    return summarise(content, planned), skipped


def _check_folders(frames_file, image_folder, out):
    if not image_folder.is_dir():
        raise ValueError(f'{image_folder}: no such folder. Give the one that holds the images of {frames_file}')
    if frames_file.resolve().parent == out.resolve() and frames_file.name in ('tiles.json', 'tiling.json'):
        raise ValueError(f'{out}: the tiles would be written over their own frames. Choose another output folder')
    if image_folder.resolve() == (out / 'images').resolve():
        raise ValueError(f'{out}: its images folder holds the frames. Choose another output folder')


def _job(frame, image_folder, out, settings):
    tiles = tuple((tile.xyxy, out / 'images' / tile.file_name) for tile in frame.tiles)
    name = frame.image['file_name']
    image = as_spelled_there(inside(image_folder, name, 'the annotation file'))
    return _Job(image, (frame.image['width'], frame.image['height']), tiles, settings.stain,
                out / 'stains' / fitted(name, '.json'))


def _judge(planned, jobs, broken, skipped, strict):
    """All that was left out; an error if it must not be, or if nothing is left."""
    skipped = skipped + [(planned[index].image['file_name'], reason) for index, reason in sorted(broken.items())]
    if broken and not jobs:
        raise ValueError(f'none of the {len(broken)} frames can be read. {_first(skipped[-len(broken):])}')
    if strict:
        report_skipped(skipped, strict=True)
    return skipped


def _first(skipped):
    return f'{skipped[0][0]}: {skipped[0][1]}' if skipped else ''


def _record(frames_file, image_folder, settings):
    """What the folder is marked with."""
    return dict(settings.as_json(), images=str(image_folder.resolve()), frames_sha256=sha256_of(frames_file))


def _cut_all(jobs, workers):
    """Cuts all frames; ``{index: reason}`` of those that are broken."""
    broken = {}
    with closing(run_jobs(_cut_frame, jobs, workers)) as results, \
            tqdm(total=sum(len(job.tiles) for job in jobs.values()), unit='tile', desc='tiling') as bar:
        for index, reason in results:
            if reason:
                broken[index] = reason
            bar.update(len(jobs[index].tiles))
    return broken


def _check_size(job):
    """Raises a ValueError where a frame's header says that it cannot be used."""
    width, height = read_header(job.frame)[:2]
    if (width, height) != job.size:
        raise ValueError(f'it is {width} x {height} px, its annotation file says {job.size[0]} x {job.size[1]}. Convert the dataset again')


def _cut_frame(job):
    """Writes the tiles of a frame that are not there yet; the reason if the frame is broken, else None."""
    return fault_of(job.frame, _write_tiles, job)[1]


def _write_tiles(job):
    missing = [(xyxy, file) for xyxy, file in job.tiles if not (file.is_file() and file.stat().st_size)]
    unmeasured = job.stain_method and not job.stain_file.is_file()
    if not missing and not unmeasured:
        return
    with FramePixels(job.frame) as frame:
        for xyxy, file in missing:
            write_image(file, _padded(frame.crop(xyxy), xyxy))
        if unmeasured:
            write_json(stain_record(frame.sample(MAX_PIXELS), job.stain_method), job.stain_file)


def _padded(crop, xyxy):
    """The tile's uint8 ``(h, w, 3)``; what lies beyond the frame is white."""
    x1, y1, x2, y2 = xyxy
    return np.pad(crop, ((0, y2 - y1 - crop.shape[0]), (0, x2 - x1 - crop.shape[1]), (0, 0)), constant_values=_PAD_VALUE)
