"""Stain normalisation of image files: a folder, or a dataset with its annotation file; where it was killed it goes on.

Below the output folder: ``stain.json`` (target and settings, written first), ``stains/`` (each frame's estimate), ``images/``,
the annotation file if there is one, and ``contact_sheet.png`` (last). Every file appears whole or not at all, so a file that is
there is done.
"""

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.workers import run_jobs
from mitos_mmdet.stain.estimation import MAX_PIXELS, estimate_stain, sample_pixels
from mitos_mmdet.stain.normalizer import StainNormalizer
from mitos_mmdet.stain.stain_estimate import NoStainError, StainEstimate

_DRAFT = '.part'
# Fixed, so that the same image gives the same bytes; level 3 as for tiles.
_SAVE = {'.png': dict(format='PNG', compress_level=3), '.jpg': dict(format='JPEG', quality=95, subsampling=0),
         '.tif': dict(format='TIFF', compression='tiff_lzw'), '.bmp': dict(format='BMP')}
_SAVE |= {'.jpeg': _SAVE['.jpg'], '.tiff': _SAVE['.tif']}
SUFFIXES = tuple(_SAVE)


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


def normalize_files(groups, images, out, target, workers):
    """Writes the normalised images to ``out/images``, under their names.

    Where the stain of a group cannot be estimated its images are copied as they are.

    Args:
        groups: ``[Group, ...]``.
        images: Folder of the images.
        out: The output folder, claimed by ``claim``.
        target: ``StainEstimate``.
        workers: Processes.

    Returns:
        tuple: ``(records, broken)``: ``{name: record}`` of the groups, as in ``Group.record``; ``{file: reason}`` of the images that
        cannot be read.
    """
    jobs = {group.name: _Job(group, images, out, target) for group in groups}
    records, broken = {}, {}
    with tqdm(total=sum(len(group.files) for group in groups), unit='image', desc='normalising') as bar, \
            contextlib.closing(run_jobs(_normalize_group, jobs, workers)) as results:
        for name, (record, faults) in results:
            records[name] = record
            broken |= faults
            bar.update(len(jobs[name].group.files))
    return records, broken


def claim(out, settings):
    """Marks a folder as that of these results, or makes sure that it is; removes what a killed run had not finished.

    Raises:
        ValueError: It holds something else, or cannot be written.
    """
    mark = out / 'stain.json'
    if mark.exists():
        try:
            found = dict(json.loads(mark.read_text(encoding='utf-8')))
        except (ValueError, TypeError) as error:
            raise ValueError(f'{mark}: not the settings of normalised images ({error}). Choose another output folder') from error
        differ = [f'{key} {found.get(key)} there, {settings.get(key)} now' for key in sorted(found.keys() | settings.keys())
                  if found.get(key) != settings.get(key)]
        if differ:
            raise ValueError(f"{out}: holds images normalised with other settings ({'; '.join(differ)}). Choose another output folder")
    elif out.is_dir() and any(out.iterdir()):
        raise ValueError(f'{out}: holds files that are not of this tool (no stain.json). Choose another output folder')
    else:
        write_json(settings, mark)
    for draft in [*out.rglob(f'.*{_DRAFT}'), *out.rglob('.*.json.*')]:
        draft.unlink(missing_ok=True)


def _normalize_group(job):
    """Writes the images of a group that are not there yet; ``(record, {file: reason})``, None for a record if all are broken."""
    broken, stain_file = {}, job.out / 'stains' / f'{job.group.name}.json'
    if stain_file.is_file():
        record = json.loads(stain_file.read_text(encoding='utf-8'))
    else:
        record = job.group.record or _measure(job, broken)
        if len(broken) == len(job.group.files):
            return None, broken
        write_json(record, stain_file)
    source = None if 'reason' in record else StainEstimate.from_dict(record, f"{job.group.name}: the stain in its annotation file")
    normalizer = StainNormalizer(job.target)
    for name in job.group.files:
        file = job.out / 'images' / name
        if name in broken or (file.is_file() and file.stat().st_size):
            continue
        with _draft(file) as draft:
            try:
                pixels = read_rgb(job.images / name)
            except ValueError as error:
                broken[name] = str(error).removeprefix(f'{job.images / name}: ')
                continue
            if source is None:
                shutil.copyfile(job.images / name, draft)
            else:
                Image.fromarray(normalizer.apply(pixels, source)).save(draft, **_SAVE[file.suffix.lower()], **_density(job.images / name))
    return record, broken


def _measure(job, broken):
    """The record of a group by all its readable images together."""
    share, samples = -(-MAX_PIXELS // len(job.group.files)), []
    for name in job.group.files:
        try:
            samples.append(sample_pixels(read_rgb(job.images / name), share))
        except ValueError as error:
            broken[name] = str(error).removeprefix(f'{job.images / name}: ')
    try:
        return estimate_stain(np.concatenate([np.empty((1, 0, 3), np.uint8), *samples], axis=1), job.target.method).to_dict()
    except NoStainError as error:
        return dict(method=job.target.method, reason=str(error))


def _density(file):
    """The pixel size that a file carries, to be carried on."""
    with Image.open(file) as image:
        return {key: image.info[key] for key in ('dpi', ) if key in image.info}


@contextlib.contextmanager
def _draft(file):
    """A file of this process's own that takes the name of ``file`` if it was written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f'.{file.name}.{os.getpid()}{_DRAFT}')
    try:
        yield draft
        if draft.exists():
            os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
