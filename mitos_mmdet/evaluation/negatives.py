"""Frames that a contest's truth leaves out because nothing is on them."""

import dataclasses

from mitos_mmdet.interchange.frame_names import pair_names
from mitos_mmdet.interchange.points import PointFile, points_of


def add_negatives(truth: PointFile, *detections: PointFile) -> tuple[PointFile, list[str]]:
    """``truth`` with the frames that only detections know and that are negatives because their truth has no file (TUPAC16).

    Returns:
        tuple: The ``PointFile``, and notes.
    """
    if truth.is_negative is None:
        return truth, []
    known = [frame.name for frame in truth.frames]
    added: dict[str, None] = {}
    for point_file in detections:
        names = [frame.name for frame in point_file.frames]
        paired = pair_names(known + list(added), names)
        added.update((name, None) for name in names if name not in paired and truth.is_negative(name))
    like = truth.frames[0]
    frames = [points_of(name, [], name, um_per_px=like.um_per_px) for name in added]
    notes = [f'{len(added)} images, for example {next(iter(added))}, have no label file, which in {truth.format} means that they have '
             f'no mitotic figures'] if added else []
    return dataclasses.replace(truth, frames=[*truth.frames, *frames]), notes
