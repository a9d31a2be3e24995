"""The JSON that ``mitos test --out`` writes (``records.detections``)."""

import json
from collections.abc import Sequence

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.interchange.points import FramePoints, PointFile, points_of
from mitos_mmdet.interchange.source import Source

DETECTIONS_FORMAT = 'mitos_mmdet detections'
NAME = 'detections.json'
EXPLAINED = 'the JSON of mitos test --out'
SUFFIXES = ('.json',)
_GIVEN = ('scanner', 'domain', 'case_id', 'region_type')


def recognises(source: Source) -> bool:
    content = _content(source)
    return isinstance(content, dict) and content.get('format') == DETECTIONS_FORMAT


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Frames that the model's run had skipped come back as a note, not as frames.

    Raises:
        ValueError: Another version, or an entry that lacks something.
    """
    content = _content(source)
    if content.get('version') != 1 or not isinstance(content.get('frames'), list):
        raise ValueError(f'{source.path}: version {content.get("version")!r} of detections, this reads version 1 with a list of frames')
    skipped = content.get('skipped')
    skipped = [entry for entry in skipped if isinstance(entry, dict)] if isinstance(skipped, list) else []
    notes = [f'{len(skipped)} frames were skipped when the detections were made, for example {skipped[0].get("file_name")}: '
             f'{skipped[0].get("reason")}'] if skipped else []
    return PointFile(source.path, 'mitos-mmdet', [_frame(frame, number, source) for number, frame in enumerate(content['frames'])],
                     notes)


def _content(source):
    """A file's JSON; of a folder, as ``mitos export`` writes it, that of its ``detections.json``."""
    path = source.path / NAME
    return read_json(path) if path.is_file() else source.json


def _frame(frame, number, source):
    path = source.path
    if not isinstance(frame, dict) or not isinstance(frame.get('file_name'), str) or not isinstance(frame.get('points'), list):
        raise ValueError(f'{path}: frame {number} lacks file_name or points. Write the file again with mitos test --out')
    where = f"{path}: {frame['file_name']}"
    points = []
    for place, point in enumerate(frame['points'], start=1):
        if not isinstance(point, dict) or not {'x', 'y', 'label'} <= point.keys():
            raise ValueError(f'{where}: point {place} lacks x, y or label. Write the file again with mitos test --out')
        points.append((point['x'], point['y'], point['label'], point.get('score')))
    um_per_px, size = frame.get('um_per_px'), (frame.get('width'), frame.get('height'))
    return points_of(frame['file_name'], points, where, not source.truth, um_per_px=um_per_px,
                     size_px=None if None in size else size, **{key: frame.get(key) for key in _GIVEN})


def to_files(frames: Sequence[FramePoints]) -> list[tuple[str, str]]:
    """``[('detections.json', text)]``."""
    made = []
    for frame in frames:
        width, height = frame.size_px or (None, None)
        scores = [None] * len(frame) if frame.scores is None else frame.scores.tolist()
        made.append(dict(
            file_name=frame.name, width=width, height=height, um_per_px=frame.um_per_px and list(frame.um_per_px),
            **{key: getattr(frame, key) for key in _GIVEN},
            points=[dict(x=x, y=y, score=score, label=label) for (x, y), score, label in zip(
                frame.xy.tolist(), scores, frame.labels.tolist(), strict=True)]))
    classes = sorted({label for frame in frames for label in frame.labels})
    return [(NAME, json.dumps(dict(format=DETECTIONS_FORMAT, version=1, classes=classes, frames=made, skipped=[])))]
