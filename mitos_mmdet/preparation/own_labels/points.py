"""Label files that scoring reads too: GeoJSON of QuPath and COCO json."""

from pathlib import Path

from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.preparation.own_labels.found import Found


def read_labels(root: str | Path, format: str) -> list[Found]:
    """Points of a ``PointFile``.

    Args:
        root: A file or folder.
        format: ``'qupath'`` or ``'coco'``.

    Returns:
        list[Found]: One per frame; COCO's unlabelled frames are left out.

    Raises:
        ValueError: Not of that format.
    """
    found = []
    for frame in read_points(root, format, is_truth=True).frames:
        where = f'{root}: {frame.name}'
        points = [(float(x), float(y), label, where) for (x, y), label in zip(frame.xy.tolist(), frame.labels, strict=True)]
        if frame.labelled:
            found.append(Found(frame.name, points, where, case_id=frame.case_id, scanner=frame.scanner,
                               domain=frame.domain, um_per_px=frame.um_per_px, size_px=frame.size_px))
    return found
