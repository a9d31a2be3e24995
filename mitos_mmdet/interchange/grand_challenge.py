"""MIDOG's submissions of 2021, 2022 and 2025: grand-challenge's ``Multiple points``, in millimetres.

A file is one image's; which image it is of says its own name, its folder's, or ``predictions.json`` (2025: ``<pk>/output/
mitotic-figures.json`` beside it; 2021: the points in it). All points are candidates: those named ``mitotic figure`` count, those named
``non-mitotic figure`` lie under the threshold of who submitted. 2021 has neither names nor probabilities: all points count.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.grand_challenge_schema import COUNTS, envelope_faults, point_fault
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = "MIDOG's submission: Multiple points in mm, one JSON per image, or predictions.json"
SUFFIXES = ('.json',)
INDEX, OUTPUT = 'predictions.json', 'mitotic-figures.json'
# Names that say nothing of the image; then the folder's says it.
_NO_NAMES = ('mitotic-figures', 'output', 'outputs', 'images')


def recognises(source: Source) -> bool:
    if source.is_folder:
        return _index_in(source.path) is not None or _is_submission(source.first_json)
    return _is_submission(source.json) or _is_index(source.json)


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames in mm.

    Raises:
        ValueError: A point that is not one, or the output of an image that is not there.
    """
    return PointFile(source.path, 'grand-challenge', *_collect([
        (name, content, path) for name, content, path in each_submission(source)], source.truth))


def each_submission(source: Source) -> list[tuple]:
    """``[(image's name, content or None where its run failed, file), ...]``; '' for a name that nothing says."""
    index = source.path if _is_index(source.json) else _index_in(source.path)
    if index is not None:
        jobs = read_json(index, decimals=True)
        if not _is_index(jobs):
            raise ValueError(f'{index}: not a list of jobs with pk, inputs and outputs, as grand-challenge writes it')
        return [_job(job, index) for job in jobs]
    if not source.is_folder:
        return [(_name_of(Path(source.path.name)), read_json(source.path, decimals=True), source.path)]
    return [(_name_of(path.relative_to(source.path)), read_json(path, decimals=True), path) for path in source.files('.json')]


def _is_submission(content):
    return isinstance(content, dict) and 'points' in content


def _is_index(content):
    return isinstance(content, list) and bool(content) and all(isinstance(job, dict) and {'inputs', 'outputs'} <= job.keys()
                                                               for job in content)


def _index_in(folder):
    return next((path for path in (folder / INDEX, folder / 'input' / INDEX) if path.is_file()), None)


def _name_of(path):
    parts = [part for part in without_gz(path).with_suffix('').parts if part not in _NO_NAMES]
    return '/'.join(parts)


def _job(job, index):
    """One image's name and points of the index."""
    try:
        names = [given['image']['name'] for given in job['inputs'] if given.get('image')]
        outputs = {(given.get('interface') or given['socket'])['slug']: given for given in job['outputs']}
        status, pk = job.get('status', 'Succeeded'), str(job['pk'])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{index}: a job is not as grand-challenge writes it: {str(job)[:60]}. Fetch the file again') from error
    if len(names) != 1 or not isinstance(names[0], str):
        raise ValueError(f'{index}: job {pk} names {len(names)} images, it must be one')
    if status != 'Succeeded':
        return names[0], None, index
    if 'mitotic-figures' not in outputs:
        raise ValueError(f"{index}: the outputs of {names[0]} are {', '.join(map(str, outputs)) or 'none'}, not mitotic-figures; those of "
                         f"MIDOG 2025's second track classify, and locate nothing that could be scored here")
    output = outputs['mitotic-figures']
    if output.get('value') is not None:
        return names[0], output['value'], index
    path = index.parent / pk / 'output' / str((output.get('interface') or output['socket']).get('relative_path', OUTPUT))
    if not path.is_file():
        raise ValueError(f'{path}: no such file, which {index.name} says is the output of {names[0]}. Fetch it, or take its job out')
    return names[0], read_json(path, decimals=True), path


def _collect(submissions, truth):
    """Frames and notes of ``each_submission``."""
    frames, failed, refused = [], [], []
    for name, content, path in submissions:
        if content is None:
            failed.append(name)
            content = dict(points=[])
        elif not _is_submission(content) or not isinstance(content['points'], list):
            raise ValueError(f"{path}: not a submission, it is no object with a list 'points'. Take it out, or write it again")
        elif envelope_faults(content):
            refused.append((path, envelope_faults(content)[0]))
        frames.append(_frame(name, content['points'], path, truth))
    notes = [f'{len(failed)} images, for example {failed[0]}, have a run that did not succeed, and so no predictions'] if failed else []
    if refused:
        path, fault = refused[0]
        notes.append(f'grand-challenge would refuse {len(refused)} of these files, for example {path.name}, which {fault}; scored all '
                     f'the same (--check-submission lists everything)')
    return frames, notes


def _frame(name, points, path, truth):
    where = f'{path} ({name})' if name and path.name in (INDEX, OUTPUT) else str(path)
    made = []
    for number, point in enumerate(points, start=1):
        fault = point_fault(point)
        if fault:
            raise ValueError(f'{where}: point {number} {fault}. Correct the file')
        x, y = map(Decimal, point['point'][:2])
        probability = point.get('probability')
        # A detection under the threshold is still one of a mitosis; in a truth the name is the class.
        label = point.get('name', MITOSIS) if truth else MITOSIS
        made.append((x, y, label, None if probability is None else float(probability)))
    frame = points_of(name, made, where, not truth, unit='mm')
    if not truth and any('name' in point for point in points):
        frame.kept = np.array([point.get('name', COUNTS) == COUNTS for point in points])
    return frame
