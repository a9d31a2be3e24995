"""Stain normalisation of image files: a folder, or a dataset with its annotation file; where it was killed it goes on.

Below the output folder: ``stain.json`` (target and settings, written first), ``stains/`` (each frame's estimate), ``images/``,
the annotation file if there is one, and ``contact_sheet.png`` (last). Every file appears whole or not at all, so a file that is
there is done.
"""

import contextlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mitos_mmdet.core.files import draft
from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.images import read_header, read_rgb
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.names import fitted
from mitos_mmdet.core.workers import run_jobs
from mitos_mmdet.preparation.one_image import fault_of
from mitos_mmdet.stain.estimation import MAX_PIXELS, estimate_stain, sample_pixels
from mitos_mmdet.stain.normalizer import StainNormalizer
from mitos_mmdet.stain.stain_estimate import NoStainError, StainEstimate


@dataclass(frozen=True)
class Group:
    """Images that share an estimate: a frame, or all tiles of one.

    Attributes:
        name: The frame's, or the image's.
        files: Names of the images below the image folder.
        record: What their annotation file says of their stain (``StainEstimate.to_dict``, or ``method`` and ``reason``), or None.
    """

    name: str
    files: tuple
    record: dict | None = None


@dataclass(frozen=True)
class _Job:
    """What a worker gets."""

    group: Group
    images: Path
    out: Path
    target: StainEstimate
    backend: str


def normalize_files(groups: Sequence[Group], images: Path, out: Path, target: StainEstimate, workers: int,
                    backend: str = 'fast') -> tuple:
    """Writes the normalised images to ``out/images``, under their names.

    Where the stain of a group cannot be estimated its images are copied as they are.

    Args:
        groups: ``[Group, ...]``.
        images: Folder of the images.
        out: The output folder, claimed.
        target: ``StainEstimate``.
        workers: Processes.
        backend: As of ``StainNormalizer``.

    Returns:
        tuple: ``(records, broken)``: ``{name: record}`` of the groups, as in ``Group.record``; ``{file: reason}`` of the images that
        cannot be read.
    """
    jobs = {group.name: _Job(group, images, out, target, backend) for group in groups}
    records: dict[str, dict] = {}
    broken: dict[str, str] = {}
    with tqdm(total=sum(len(group.files) for group in groups), unit='image', desc='normalising') as bar, \
            contextlib.closing(run_jobs(_normalize_group, jobs, workers)) as results:
        for name, (record, faults) in results:
            records[name] = record
            broken |= faults
            bar.update(len(jobs[name].group.files))
    return records, broken


def _normalize_group(job):
    """Writes the images of a group that are not there yet; ``(record, {file: reason})``, None for a record if all are broken."""
    broken, stain_file = {}, job.out / 'stains' / fitted(job.group.name, '.json')
    if stain_file.is_file():
        record = json.loads(stain_file.read_text(encoding='utf-8'))
    else:
        record = job.group.record or _measure(job, broken)
        if len(broken) == len(job.group.files):
            return None, broken
        write_json(record, stain_file)
    source = None if 'reason' in record else StainEstimate.from_dict(record, f"{job.group.name}: the stain in its annotation file")
    normalizer = StainNormalizer(job.target, job.backend)
    for name in job.group.files:
        fault = None if name in broken else fault_of(job.images / name, _write, job, name, normalizer, source)[1]
        if fault:
            broken[name] = fault
    return record, broken


def _write(job, name, normalizer, source):
    """Writes one image in the target's stain, or where it has none (``source`` None) as it is."""
    given, file = job.images / name, job.out / 'images' / name
    if file.is_file() and file.stat().st_size:
        return
    pixels = read_rgb(given)
    if source is None:
        with draft(file) as copy:
            shutil.copyfile(given, copy)
    else:
        write_image(file, normalizer.apply(pixels, source), read_header(given)[2])


def _measure(job, broken):
    """The record of a group by all its readable images together; what is wrong with the others goes into ``broken``."""
    share, samples = -(-MAX_PIXELS // len(job.group.files)), [np.empty((1, 0, 3), np.uint8)]
    for name in job.group.files:
        sample, fault = fault_of(job.images / name, lambda file: sample_pixels(read_rgb(file), share), job.images / name)
        if fault:
            broken[name] = fault
        else:
            samples.append(sample)
    try:
        return estimate_stain(np.concatenate(samples, axis=1), job.target.method, backend=job.backend).to_dict()
    except NoStainError as error:
        return dict(method=job.target.method, reason=str(error))
