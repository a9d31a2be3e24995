"""Stain normalisation of a folder of images, of one image, or of a dataset: what belongs together, and what comes out."""

import os
from pathlib import Path, PurePosixPath

import numpy as np

from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.image_writing import WRITABLE
from mitos_mmdet.core.images import read_header
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.names import name_fault, printable
from mitos_mmdet.core.output_folder import claimed
from mitos_mmdet.core.outputs import check_outputs
from mitos_mmdet.core.workers import worker_count
from mitos_mmdet.datasets.coco_format import check_coco, read_annotations
from mitos_mmdet.preparation.contact_sheet import contact_sheet
from mitos_mmdet.preparation.normalize_files import Group, normalize_files
from mitos_mmdet.preparation.one_image import fault_of
from mitos_mmdet.stain.stain_estimate import StainEstimate

_MARK, _SHEET = 'stain.json', 'contact_sheet.png'
_NAMED = 20  # files not read that are listed before the rest is only counted (ours)
_SHOWN = 8  # rows of the contact sheet, at most 3 of them images that were left as they are (ours)


def normalize_dataset(source: str | Path, out: str | Path, target: StainEstimate, images: str | Path | None = None, per_tile: bool = False,
                      workers: int | None = None, strict: bool = False, save: tuple | None = None, backend: str = 'fast') -> tuple:
    """Normalises the images of ``source`` into ``out/images``.

    Args:
        source: A folder, looked through with all its folders; an image file; or an annotation file (``.json``), which is written to
            ``out`` under its name, each image with the ``stain`` that it has now.
        out: The output folder; one that a run of these settings left unfinished is completed. An image changed behind an unchanged
            name is not noticed.
        target: ``StainEstimate``.
        images: Folder of the images of an annotation file.
        per_tile: Estimate every image by itself. Else tiles of one frame (``frame`` in the annotation file) share one estimate:
            their frame's, where the file has it (``stain``), or that of all its tiles together.
        workers: Processes; None: one per core, 8 at most.
        strict: An image that cannot be read is an error.
        backend: As of ``StainNormalizer``.
        save: ``(flag, path, function of the path)`` that writes one more file, at the start; None.

    Returns:
        tuple: ``(lines, passed, skipped)``: a summary; ``[(file, reason), ...]`` of the images without a stain, which were copied as
        they are; the same of those that cannot be read, which were left out.

    Raises:
        ValueError: Input that cannot be used, every image broken, an output folder that is not writable or holds something else.
    """
    source, out, workers = Path(source), Path(out), worker_count(workers)
    settings = dict(version=1, target=target.to_dict(), per_tile=per_tile)
    if backend != 'fast':
        settings['backend'] = backend
    content, not_read = None, []
    if source.suffix.lower() == '.json':
        if images is None:
            raise ValueError(f'{source}: an annotation file. Give the folder of its images, too (--images)')
        if source.name in (_MARK, _SHEET):
            raise ValueError(f'{source}: has the name of a file that this command writes. Rename it')
        folder, content = Path(images), read_annotations(source)
        check_coco(content, source)
        groups = _groups(content['images'], target.method, per_tile, source)
        settings['annotations_sha256'] = sha256_of(source)
    else:
        if images is not None:
            raise ValueError(f'{source}: not an annotation file, so --images has no meaning. Give the one or the other')
        folder, groups, not_read = _files(source)
    settings['images'] = str(folder.resolve())
    _check_folders(folder, out)
    own = {'the mark': out / _MARK, 'the contact sheet': out / _SHEET} | ({} if content is None else {'the result': out / source.name})
    check_outputs(own | ({} if save is None else {save[0]: save[1]}), [source, folder])
    # The headers alone show most of what can be wrong, before anything is written.
    broken = {name: fault for group in groups for name in group.files if (fault := fault_of(folder / name, read_header, folder / name)[1])}
    _judge(groups, broken, strict)
    groups = _without(groups, broken)
    with claimed(out, _MARK, settings, 'normalised images'):
        if save is not None:
            save[2](save[1])
        records, faults = normalize_files(groups, folder, out, target, workers, backend)
        broken |= faults
        _judge(groups, broken, strict)
        groups = _without(groups, broken)
        if content is not None:
            write_json(_annotations(content, groups, records, target), out / source.name)
        passed = [(name, records[group.name]['reason']) for group in groups if 'reason' in records[group.name] for name in group.files]
        _show(groups, passed, folder, out)
    count = sum(len(group.files) for group in groups)
    lines = [f'images: {count - len(passed)} normalised by {target.method}, {len(passed)} left as they are',
             f'estimates: {len(groups)}', f'before and after: {out / _SHEET}']
    if not_read:
        more = f' and {len(not_read) - _NAMED} more' if len(not_read) > _NAMED else ''
        lines.insert(1, f'not read, since of no kind that this command reads: {len(not_read)} ({", ".join(not_read[:_NAMED])}{more})')
    return lines, passed, sorted(broken.items())


def _groups(entries, method, per_tile, source):
    """The images of an annotation file by their frame."""
    groups, records = {}, {}
    for entry in entries:
        name, record = entry['file_name'], entry.get('stain')
        if PurePosixPath(name).suffix.lower() not in WRITABLE:
            raise ValueError(f"{source}: {name} is not of a kind that can be written: {', '.join(WRITABLE)}")
        frame = name if per_tile else entry.get('frame', name)
        if name_fault(frame):
            raise ValueError(f'{source}: the frame {printable(frame)!r} of {name} {name_fault(frame)}. Cut the tiles again')
        groups.setdefault(frame, []).append(name)
        if isinstance(record, dict) and record.get('method') == method and not per_tile:
            if 'reason' not in record:
                StainEstimate.from_dict(record, f'{source}: stain of {name}')
            records[frame] = record
    twice = sum(map(len, groups.values())) - len({name for files in groups.values() for name in files})
    if twice:
        raise ValueError(f'{source}: lists a file_name twice. Convert the dataset again')
    return [Group(frame, tuple(files), records.get(frame)) for frame, files in groups.items()]


def _files(source):
    """``(folder, groups, names of what is not read)`` of a folder or a single image."""
    if source.is_file():
        if source.suffix.lower() not in WRITABLE:
            raise ValueError(f"{source}: not of a kind that can be written: {', '.join(WRITABLE)}")
        return source.parent, [Group(source.name, (source.name, ))], []
    if not source.is_dir():
        raise ValueError(f'{source}: no such file or folder')
    found = sorted(_walk(source, set()))
    names = [name for name in found if _is_image(source, name)]
    if not names:
        raise ValueError(f"{source}: holds no image ({', '.join(WRITABLE)})")
    taken = set(names)
    return source, [Group(name, (name, )) for name in names], [printable(name) for name in found if name not in taken]


def _is_image(folder, name):
    path = folder / name
    return path.suffix.lower() in WRITABLE and not path.name.startswith('.') and path.is_file() and name_fault(name) is None


def _walk(folder, seen, below=''):
    """Names of all below a folder, also through links to folders, each folder once; a folder that cannot be entered as ``name/``."""
    real = os.path.realpath(folder)
    if real in seen:
        yield f'{below} (a link to what is read already)'
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield below
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry.path, seen, f'{below}{entry.name}/')
        else:
            yield f'{below}{entry.name}'


def _check_folders(images, out):
    if not images.is_dir():
        raise ValueError(f'{images}: no such folder. Give the one that holds the images')
    if out.resolve().is_relative_to(images.resolve()):
        raise ValueError(f'{out}: lies in the folder of the images. Choose another output folder')
    if (out / 'images').resolve() == images.resolve():
        raise ValueError(f'{out}: its images folder holds the images themselves. Choose another output folder')


def _without(groups, broken):
    groups = [Group(group.name, tuple(name for name in group.files if name not in broken), group.record) for group in groups]
    return [group for group in groups if group.files]


def _judge(groups, broken, strict):
    """Makes all images broken, or with ``strict`` one, an error."""
    if broken and not _without(groups, broken):
        name, fault = min(broken.items())
        raise ValueError(f'none of the {len(broken)} images can be read. {name}: {fault}')
    if strict:
        report_skipped(sorted(broken.items()), strict=True)


def _annotations(content, groups, records, target):
    """The annotation file of what was written."""
    stains = {name: records[group.name] if 'reason' in records[group.name] else target.to_dict()
              for group in groups for name in group.files}
    images = [dict(image, stain=stains[image['file_name']]) for image in content['images'] if image['file_name'] in stains]
    kept = {image['id'] for image in images}
    annotations = [annotation for annotation in content['annotations'] if annotation['image_id'] in kept]
    return dict(content, images=images, annotations=annotations)


def _show(groups, passed, images, out):
    """A few of those without a stain, and others from all over the dataset."""
    reasons = dict(passed)
    shown = [name for name, _ in passed[:3]]
    others = [name for group in groups for name in group.files if name not in reasons]
    places = np.linspace(0, len(others) - 1, min(_SHOWN - len(shown), len(others))).astype(int)
    shown += [others[place] for place in places]
    contact_sheet([(images / name, out / 'images' / name, f'{name}: left as it is, {reasons[name]}' if name in reasons else name)
                   for name in shown], out / _SHEET)
