"""The contests' own label files, through the readers that also convert them: layout, pixel size, scanner, case and size come along."""

from mitos_mmdet.contests import contest_module
from mitos_mmdet.contests.measure import measure_frames
from mitos_mmdet.interchange.points import PointFile, points_of


def read_contest(source, contest, **options):
    """A contest's labels.

    Args:
        source: The ``Source``.
        contest: A name of ``datasets.converters.CONTESTS``.
        **options: Of that contest's ``read``.

    Raises:
        ValueError: Not that contest's, or a frame or label that is bad: a truth with holes is none to score by.
    """
    try:
        reading = contest_module(contest).read(source.path, **options)
    except ValueError as error:
        raise ValueError(f'{error}. Or convert it first with tools/convert_dataset.py {contest}, and give its COCO json') from error
    frames, bad, _ = measure_frames(reading.frames, reading.image_root, allow_missing=True)
    bad = reading.skipped + bad
    if bad:
        what, reason = bad[0]
        more = f' ({len(bad)} are bad in all)' if len(bad) > 1 else ''
        raise ValueError(f'{what}: {reason}{more}. Mend it: what is scored must be whole')
    return PointFile(source.path, contest, [_frame_points(frame) for frame in frames], [f'read as {reading.contest}', *reading.notes])


def _frame_points(frame):
    points = [(*label.centroid, label.category, label.confidence) for label in frame.labels]
    return points_of(frame.file_name, points, str(frame.image), **{
        key: getattr(frame, key) for key in ('um_per_px', 'scanner', 'domain', 'case_id', 'labelled')}, size_px=frame.size)

