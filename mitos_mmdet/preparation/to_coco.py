"""Frames to the COCO json of ``coco_format``."""

import math
from collections.abc import Sequence
from typing import Any

from mitos_mmdet.contests.reading import LabelledFrame
from mitos_mmdet.core.centroids import centroids_to_boxes, clip_boxes
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import CATEGORY_IDS, categories

# Raised whenever the same contest files would give another annotation file.
CONVERTER_VERSION = 1


def make_info(contest: str, **more: Any) -> dict:
    """The ``info``; ``more`` tells of labels, boxes and split. No date: the same contest files give the same bytes."""
    return dict(description=f'{contest}, converted by mitos_mmdet', contest=contest, converter_version=CONVERTER_VERSION, **more)


def to_coco(frames: Sequence[LabelledFrame], info: dict, box_size: str | None = None) -> dict:
    """The annotation file of measured frames.

    Args:
        frames: List of ``LabelledFrame`` with ``size`` set and every centroid inside. Ids follow the order of ``file_name``.
        info: The dict for ``info``.
        box_size: Side of the boxes, as ``'50px'`` or ``'12um'``; None: the bounding box of each label's outline.

    Returns:
        dict: COCO json.

    Raises:
        ValueError: No such length, or a length in um for a frame without a pixel size.
    """
    side = None if box_size is None else Length.parse(box_size)
    images: list[dict] = []
    annotations: list[dict] = []
    for frame in sorted(frames, key=lambda frame: frame.file_name):
        image_id = len(images) + 1
        width, height = frame.size or ()
        um_per_px = None if frame.um_per_px is None else [round(size, 5) for size in frame.um_per_px]
        images.append(dict(id=image_id, file_name=frame.file_name, width=width, height=height, um_per_px=um_per_px,
                           scanner=frame.scanner, case_id=frame.case_id, domain=frame.domain, labelled=frame.labelled))
        for label in frame.labels:
            annotations.append(dict(id=len(annotations) + 1, image_id=image_id) | _annotation(label, frame, side))
    return dict(info=info, licenses=[], images=images, annotations=annotations, categories=categories())


def box_annotation(category_id: int, box: Sequence[float], centroid: Sequence[float], size: Sequence[int]) -> dict:
    """An annotation without its ids.

    Args:
        category_id: Its category.
        box: ``(x1, y1, x2, y2)`` px; what lies outside the image is cut off.
        centroid: ``(x, y)`` px.
        size: ``(width, height)`` px of the image.
    """
    x1, y1, x2, y2 = (_tidy(value) for value in clip_boxes(box, *size)[0])
    box = [x1, y1, _tidy(x2 - x1), _tidy(y2 - y1)]
    return dict(category_id=category_id, bbox=box, area=_tidy(box[2] * box[3]), iscrowd=0, centroid=[_tidy(value) for value in centroid])


def _annotation(label, frame, box_size):
    if box_size is None:
        box = [*label.outline.min(axis=0), *(label.outline.max(axis=0) + 1)]  # pixel i covers i to i + 1
    else:
        box = centroids_to_boxes([label.centroid], box_size.to_px(frame.um_per_px, where=frame.file_name))[0]
    annotation = box_annotation(CATEGORY_IDS[label.category], box, label.centroid, frame.size)
    if label.confidence is not None:
        annotation['confidence'] = label.confidence
    if label.outline is not None:
        # Only outlines need scikit-image, which takes a second to import.
        from mitos_mmdet.core.outlines import outline_polygons
        annotation['segmentation'] = outline_polygons(label.outline, *frame.size)
        annotation['area'] = len(label.outline)
    return annotation


def _tidy(value):
    """Three decimals, and whole numbers as int: half the file's size."""
    value = round(float(value), 3)
    return int(value) if math.isclose(value, round(value), abs_tol=1e-9) else value
