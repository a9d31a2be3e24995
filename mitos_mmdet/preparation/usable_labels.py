"""What of a frame's labels can be used to cut tiles: what is wrong with one part of a label is left out, not the label."""

from collections import Counter

import numpy as np

from mitos_mmdet.core.polygons import polygon_area
from mitos_mmdet.datasets.coco_format import annotation_fault, is_coordinate

DECIMALS = 3  # of a px, as the converters write


def labels_by_image(content):
    """The annotations of each image, by its id.

    An ``image_id`` that is text where the image's is a number, or the other way round, is that image's.

    Args:
        content: COCO json with unique ids.

    Returns:
        tuple: ``({id: [annotation, ...]}, [(what, reason), ...])``, the second being annotations of no image.
    """
    labels = {image['id']: [] for image in content['images']}
    spelled = Counter(map(str, labels))
    by_text = {str(number): number for number in labels if spelled[str(number)] == 1}
    strays = []
    for annotation in content['annotations']:
        wanted = annotation.get('image_id')
        if isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
            found = wanted if wanted in labels else by_text.get(str(wanted))
            if found is not None:
                labels[found].append(annotation)
                continue
        strays.append((f"annotation {annotation['id']}", f'there is no image {wanted!r}'))
    return labels, strays


def usable_labels(annotations, image, categories):
    """A frame's labels, each with a centroid, a box and polygons that can be cut.

    Args:
        annotations: The frame's, as the file has them.
        image: The frame's entry.
        categories: The ids that the file lists.

    Returns:
        tuple: ``(labels, notes, lost)``. Labels have ``bbox`` xyxy and ``centroid`` as arrays and ``segmentation`` as a list of arrays
        ``(N, 2)``. Notes are ``[(what, reason), ...]`` of what was left out; ``lost`` is the reason why an object that lies somewhere
        in the frame cannot be used, so that no tile of it counts as free of objects, or None.
    """
    labels, notes, lost = [], [], None
    for annotation in annotations:
        what = f"annotation {annotation['id']} of {image['file_name']}"
        try:
            if annotation.get('category_id') not in categories:
                raise ValueError(f"there is no category {annotation.get('category_id')!r}")
            label, left_out = _usable(annotation)
        except ValueError as error:
            notes.append((what, str(error)))
            lost = lost or f"annotation {annotation['id']} cannot be used ({error}), and a tile with its object would count as free of it"
            continue
        limits = [image['width'], image['height']]
        if not ((label['centroid'] >= 0) & (label['centroid'] < limits)).all():
            notes.append((what, f"its centroid {label['centroid'].tolist()} lies outside the {limits[0]} x {limits[1]} px frame"))
            continue
        label['bbox'] = np.clip(label['bbox'], 0, limits * 2).round(DECIMALS)
        if left_out:
            notes.append((what, f'{left_out}: its box is used'))
        labels.append(label)
    return labels, notes, lost


def _usable(annotation):
    """The label, and what is wrong with its polygons or None. Raises a ValueError where nothing says where the object lies."""
    polygons, left_out = _polygons(annotation.get('segmentation') or [])
    given, centroid = annotation.get('bbox'), annotation.get('centroid')
    if _is_flat(given) and polygons:
        points = np.concatenate(polygons)
        low = points.min(axis=0)
        annotation = dict(annotation, bbox=[*low.tolist(), *(points.max(axis=0) - low).tolist()])
    elif centroid is not None and annotation_fault(annotation) and not annotation_fault(dict(annotation, centroid=None)):
        annotation = dict(annotation, centroid=None)  # the box is fine
    fault = annotation_fault(annotation)
    if fault:
        raise ValueError(f'it {fault}')
    box, centroid = np.array(annotation['bbox'], dtype=float), annotation.get('centroid')
    # Rounded first, so that what lies in a tile still does after the shift.
    centroid = np.round(box[:2] + box[2:] / 2 if centroid is None else np.array(centroid, dtype=float), DECIMALS)
    corners = np.concatenate([box[:2], box[:2] + box[2:]]).round(DECIMALS)
    if not ((corners[:2] <= centroid) & (centroid < corners[2:])).all():
        raise ValueError(f'its box {box.tolist()} does not hold its centroid {centroid.tolist()}')
    return dict(annotation, bbox=corners, centroid=centroid, segmentation=polygons), left_out


def _is_flat(box):
    """Whether a box is missing, no box, or without area."""
    return not (isinstance(box, (list, tuple)) and len(box) == 4 and all(map(is_coordinate, box)) and min(box[2:]) > 0)


def _polygons(given):
    """``(polygons, None)``, or ``([], reason)``."""
    if isinstance(given, dict):
        return [], 'its segmentation is a run-length mask, which tiles cannot cut'
    try:
        polygons = [np.asarray(polygon, dtype=float).reshape(-1, 2) for polygon in given]
    except (TypeError, ValueError, OverflowError):
        return [], 'its polygons are not pairs of numbers'
    if not all(np.isfinite(polygon).all() and np.abs(polygon).max(initial=0) < 1e9 for polygon in polygons):
        return [], 'its polygons have values that are no places in an image'
    polygons = [polygon for polygon in polygons if polygon_area(polygon) > 0]
    return polygons, None if polygons or not given else 'its polygons are flat'
