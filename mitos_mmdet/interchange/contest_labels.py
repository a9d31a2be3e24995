"""The contests' own label files, through the readers that also convert them: layout, pixel size, scanner, case and size come along."""

from collections.abc import Sequence
from typing import Any

from mitos_mmdet.contests import contest_module, tupac_layout
from mitos_mmdet.contests.measure import measure_frames
from mitos_mmdet.interchange.frame_names import case_and_image, key_of
from mitos_mmdet.interchange.points import FramePoints, PointFile, points_of
from mitos_mmdet.interchange.source import Source


class ContestLabels:
    """A contest's labels as a format that is read; a confidence is the score.

    Args:
        contest: A name of ``contests.CONTESTS``.
        suffixes: Of its files.
    """

    def __init__(self, contest: str, suffixes: tuple[str, ...]):
        self.contest, self.SUFFIXES = contest, suffixes
        self._module = contest_module(contest)
        self.EXPLAINED, self.recognises = self._module.EXPLAINED, self._module.recognises

    def read(self, source: Source, truth: PointFile | None = None) -> PointFile:
        """See ``read_contest``."""
        return read_contest(source, self.contest)


class TupacLabels(ContestLabels):
    """TUPAC16 and AMIDA13: ``CC/II.csv`` for image II of case CC, lines ``row,col`` (**y first**), of detections also ``confidence``."""

    def read(self, source: Source, truth: PointFile | None = None) -> PointFile:
        """The ground truth comes through the converter's reader; detections may have a third column.

        Raises:
            ValueError: A line that is no point.
        """
        if not source.truth:
            points = tupac_layout.read_detections(source)
            return PointFile(source.path, 'tupac16', [points_of(name, its, f'{source.path}: {name}') for name, its in points.items()])
        paths = tupac_layout.label_files(source)
        tupac_layout.check_once(paths, source.path)
        alternative = any(map(tupac_layout.is_hard_negatives, paths))
        made = read_contest(source, 'tupac16', labels='alternative' if alternative else 'original')
        # In the original labels an image without mitotic figures has no file; in the alternative ones each has one.
        made.is_negative = None if alternative else _is_of_a_labelled_case
        return made


def to_tupac_files(frames: Sequence[FramePoints]) -> list[tuple[str, str]]:
    """``[('CC/II.csv', text), ...]``, one per frame, also where it has no points."""
    return tupac_layout.to_files([(*case_and_image(frame), frame.xy, frame.scores) for frame in frames])


def read_contest(source: Source, contest: str, **options: Any) -> PointFile:
    """A contest's labels.

    Args:
        source: The ``Source``.
        contest: A name of ``contests.CONTESTS``.
        **options: Of that contest's ``read``.

    Raises:
        ValueError: Not that contest's, or a frame or label that is bad: a ground truth with holes is none to score by.
    """
    try:
        reading = contest_module(contest).read(source.path, **options)
    except ValueError as error:
        raise ValueError(f'{error}. Or convert it first with mitos convert {contest}, and give its COCO json') from error
    frames, bad, _ = measure_frames(reading.frames, reading.image_root, allow_missing=True)
    bad = reading.skipped + bad
    if bad:
        what, reason = bad[0]
        more = f' ({len(bad)} are bad in all)' if len(bad) > 1 else ''
        raise ValueError(f'{what}: {reason}{more}. Correct it: what is scored must be whole')
    return PointFile(source.path, contest, [_frame_points(frame, source.truth) for frame in frames],
                     [f'read as {reading.contest}', *reading.notes])


def _frame_points(frame, truth):
    points = [(*label.centroid, label.category, label.confidence) for label in frame.labels]
    return points_of(frame.file_name, points, str(frame.image), not truth, **{
        key: getattr(frame, key) for key in ('um_per_px', 'scanner', 'domain', 'case_id', 'labelled')}, size_px=frame.size)


def _is_of_a_labelled_case(name):
    case, image = ('', *key_of(name))[-2:]
    return case.isdigit() and image.isdigit() and int(case) <= tupac_layout.LAST_LABELLED
