"""The folder that ``mitos detect`` or ``mitos cohort`` wrote, a folder in it per image.

An image's ``mitotic-figures.json`` holds all candidates in mm, also those below the threshold; its ``summary.json`` says which pixel size
made mm of px.
"""

import dataclasses
import re
from pathlib import Path, PureWindowsPath

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.interchange import grand_challenge
from mitos_mmdet.interchange.points import FramePoints, PointFile, described
from mitos_mmdet.interchange.source import Source

EXPLAINED = 'the folder that mitos detect or mitos cohort wrote'
SUFFIXES = ('.json', '.geojson', '.csv', '.html')  # the others say the same
SUMMARY = 'summary.json'


def recognises(source: Source) -> bool:
    first = next(iter(_summaries(source)), None)
    return first is not None and _is_summary(read_json(first))


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames in px, named as their folders; where that of one was lengthened, since others are called alike, as its image with its path.

    Raises:
        ValueError: A summary that is none, or no ``mitotic-figures.json`` beside it.
    """
    return PointFile(source.path, 'mitos-detect', [_frame(path, source) for path in _summaries(source)])


def _summaries(source):
    return [path for path in source.files('.json') if path.name == SUMMARY] if source.is_folder else []


def _is_summary(content):
    return isinstance(content, dict) and str(content.get('program')).startswith('mitos_mmdet') and 'mitotic_figures' in content


def _frame(path: Path, source: Source) -> FramePoints:
    summary, points = read_json(path), path.with_name(grand_challenge.OUTPUT)
    if not _is_summary(summary):
        raise ValueError(f'{path}: not the summary of mitos detect. Take it out, or detect again')
    if not points.is_file():
        raise ValueError(f'{points}: no such file beside {SUMMARY}. Detect again with --overwrite')
    folder = path.parent.relative_to(source.path)
    name = folder.as_posix() if folder.parts else path.parent.resolve().name
    image = PureWindowsPath(str(summary.get('input')))  # knows / and \\
    # As the two commands call a folder whose image's stem is not the only one.
    if name.endswith(image.name) or re.fullmatch(re.escape(image.stem) + '_[0-9a-f]{8}', path.parent.name):
        name = '/'.join(image.relative_to(image.anchor).parts)
    more = described(path, um_per_px=summary.get('um_per_px'), size_px=summary.get('size_px'))
    if more['um_per_px'] is None:
        raise ValueError(f'{path}: does not say um_per_px. Detect again with --overwrite')
    frame = grand_challenge.read(Source(points, source.truth)).frames[0]
    return dataclasses.replace(frame, name=name, xy=frame.in_px(more['um_per_px']), unit='px', **more)
