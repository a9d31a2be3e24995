"""Which format a file or folder has, by its content, and its reading."""

from pathlib import Path
from typing import Protocol

from mitos_mmdet.interchange import (
    coco,
    coco_results,
    csv_points,
    csv_table,
    detect_folders,
    detections_json,
    grand_challenge,
    grand_challenge_truth,
    qupath,
)
from mitos_mmdet.interchange.contest_labels import ContestLabels, TupacLabels
from mitos_mmdet.interchange.points import PointFile
from mitos_mmdet.interchange.source import Source


class Format(Protocol):
    """What a module here, or an object, offers to be a format.

    Attributes:
        EXPLAINED: What its files are, for the help.
        SUFFIXES: Of its files.
    """

    @property
    def EXPLAINED(self) -> str: ...  # noqa: N802

    @property
    def SUFFIXES(self) -> tuple[str, ...]: ...  # noqa: N802

    def recognises(self, source: Source) -> bool:
        """Whether a ``Source`` is of this format."""

    def read(self, source: Source, truth: PointFile | None = None) -> PointFile:
        """Its points; ``truth`` is the ground truth of detections, for what refers to it."""


# By the name that the command line calls them, in the order they are asked: MIDOG's own JSON would pass for COCO, and TUPAC16's, ICPR
# 2012's and MITOS-ATYPIA-14's CSVs for CSVs of any frames.
FORMATS: dict[str, Format] = {
    'mitos-mmdet': detections_json, 'mitos-detect': detect_folders, 'midog': ContestLabels('midog', ('.json', '.csv')), 'coco': coco,
    'coco-results': coco_results, 'grand-challenge': grand_challenge, 'grand-challenge-truth': grand_challenge_truth, 'qupath': qupath,
    'csv-table': csv_table, 'tupac16': TupacLabels('tupac16', ('.csv',)), 'icpr2012': ContestLabels('icpr2012', ('.csv',)),
    'mitos-atypia-14': ContestLabels('mitos-atypia-14', ('.csv',)), 'csv': csv_points}
_PICKLES = ('.pkl', '.pickle', '.pth', '.pt')


def read_points(path: str | Path, format: str | None = None, truth: PointFile | None = None, is_truth: bool = False) -> PointFile:
    """Reads a file or folder of any known format.

    Args:
        path: It.
        format: A name of ``FORMATS``; None: recognised.
        truth: The ``PointFile`` of the truth, for what refers to it (COCO results).
        is_truth: It is the truth that is read.

    Returns:
        PointFile: See there.

    Raises:
        ValueError: Not there, of no known format, or bad.
    """
    source = Source(path, is_truth)
    _refuse_unreadable(source)
    if format is not None and format not in FORMATS:
        raise ValueError(f'{format!r} is no format known here. Choose one of {", ".join(FORMATS)}')
    reader = FORMATS[format or recognise(source)]
    made = reader.read(source, truth)
    made.notes += source.not_read(*reader.SUFFIXES)
    twice = sum(len(frame) - len(set(zip(*frame.xy.T.tolist(), frame.labels, strict=True))) for frame in made.frames) if is_truth else 0
    if twice:
        made.notes.append(f'{twice} labels of {source.path.name} lie exactly on another of their class: each counts, listed twice or not')
    if not made.frames:
        if truth is None:
            raise ValueError(f'{path}: holds no frames (read as {made.format}). Give a file that does')
        made.notes.append(f'{source.path.name} holds no detections: nothing was found on any frame')
    return made


def recognise(source: Source) -> str:
    """The name in ``FORMATS`` of a ``Source``.

    Raises:
        ValueError: None fits.
    """
    if source.is_folder and not source.files('.json', '.geojson', '.csv'):
        raise ValueError(f'{source.path}: holds no .json, .geojson or .csv. Give the folder of the detections or labels')
    found = next((name for name, module in FORMATS.items() if module.recognises(source)), None)
    if found is None:
        raise ValueError(f'{source.path}: of no format known here. Known are: '
                         + '; '.join(f'{name} ({module.EXPLAINED})' for name, module in FORMATS.items()))
    return found


def _refuse_unreadable(source):
    if source.head[:15] == b'SQLite format 3':
        raise ValueError(f'{source.path}: a database, as TIAToolbox and KongNet write it. Write GeoJSON from it: '
                         f'SQLiteStore.open(PATH).to_geojson(FILE)')
    # Protocol 2 on starts with \x80; torch's files are zip archives of a pickle.
    if source.path.suffix.lower() in _PICKLES or source.head[:1] == b'\x80':
        raise ValueError(f'{source.path}: a pickle, which runs code when it is read, so it is not read. Make JSON instead: '
                         f'mitos test CONFIG CHECKPOINT --out detections.json')
