"""What of a frame's labels can be used, for tiles, training and scoring.

A label that is dropped leaves its mitotic figure in the image as background, which teaches that it is none. So whatever part of an
annotation is sound is used; where none tells the place, the whole frame has to be left out.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.core.polygons import polygon_area
from mitos_mmdet.core.run_lengths import run_length_pixels
from mitos_mmdet.datasets.coco_format import is_coordinate, reference_fault

BOX_PX = 50  # contest: MIDOG's boxes


class OutsideError(ValueError):
    """An object whose centroid lies outside its image: nothing of it can be taken for background."""


class UsableLabels(NamedTuple):
    """A frame's labels.

    Attributes:
        labels: As ``usable_label`` gives them.
        outside: ``[(annotation id, reason), ...]`` of those outside the frame, which are left out.
        replaced: The same of those with a bad part, which are among ``labels``.
        lost: The same of those that lie somewhere in the frame and cannot be used: no part of it counts as free of objects.
    """

    labels: list[dict[str, Any]]
    outside: list[tuple[int | str, str]]
    replaced: list[tuple[int | str, str]]
    lost: list[tuple[int | str, str]]


def usable_labels(annotations: Iterable[dict[str, Any]], image: dict[str, Any], categories: Collection[int | str],
                  wanted: Collection[int | str] | None = None) -> UsableLabels:
    """What can be used of the annotations of one frame.

    Args:
        annotations: The frame's, as the file has them, each with an ``id``.
        image: The frame's entry.
        categories: The ids that the file lists.
        wanted: The ids to take of them; None: all, with the annotations marked ``ignore``, too.
    """
    found = UsableLabels([], [], [], [])
    for annotation in annotations:
        try:
            fault = reference_fault(annotation)
            if fault or annotation['category_id'] not in categories:
                raise ValueError(f'it {fault}' if fault else f"there is no category {annotation['category_id']!r}")
            if wanted is not None and (annotation['category_id'] not in wanted or annotation.get('ignore')):
                continue
            label, notes = usable_label(annotation, image)
        except OutsideError as error:
            found.outside.append((annotation['id'], str(error)))
        except ValueError as error:
            found.lost.append((annotation['id'], str(error)))
        else:
            found.labels.append(label)
            found.replaced.extend((annotation['id'], note) for note in notes)
    return found


def labels_by_image(content: dict[str, Any]) -> tuple[dict, list]:
    """The annotations of each image, by its id.

    Args:
        content: COCO json with unique ids, as ``make_uniform`` leaves it.

    Returns:
        tuple: ``({id: [annotation, ...]}, [annotation, ...])``, the second being those of no image.
    """
    labels: dict[int | str, list] = {image['id']: [] for image in content['images']}
    strays: list[dict] = []
    for annotation in content['annotations']:
        wanted = annotation.get('image_id')
        is_id = isinstance(wanted, (str, int)) and not isinstance(wanted, bool)
        (labels[wanted] if is_id and wanted in labels else strays).append(annotation)
    return labels, strays


def usable_label(annotation: dict, image: dict) -> tuple[dict, list[str]]:
    """An annotation with sound geometry.

    Args:
        annotation: Of a COCO file: ``bbox``, ``centroid`` or ``segmentation`` may be missing or bad.
        image: Its entry, with ``width`` and ``height``.

    Returns:
        tuple: A copy with ``bbox`` ``(4,)`` xyxy px cut at the image's border, ``centroid`` ``(2,)`` and ``segmentation``, a list of
        ``(V, 2)`` polygons, all float64; and what was replaced, as ``['its mask ...']``.

    Raises:
        OutsideError: The centroid lies outside the image.
        ValueError: Nothing says where the object is, or box and centroid contradict each other.
    """
    size = np.array([image['width'], image['height']], dtype=np.float64)
    notes = []
    try:
        polygons = polygons_of(annotation.get('segmentation'))
    except ValueError as error:
        polygons, notes = [], [f'{error}, so its mask is left out: its box is used']
    box, centroid = _numbers(annotation.get('bbox'), 4), _numbers(annotation.get('centroid'), 2)
    corners = None if box is None or (box[2:] <= 0).any() else np.concatenate([box[:2], box[:2] + box[2:]])
    if centroid is None:
        centroid = _middle(box if corners is None else corners, corners is None, polygons)
    if not ((centroid >= 0) & (centroid < size)).all():
        raise OutsideError(f'its centroid {centroid.tolist()} lies outside the {image["width"]} x {image["height"]} px frame')
    if corners is None:
        corners = _bounds(polygons, centroid)
        if corners is None:
            corners = _around(centroid)
            notes.append(f'its bbox {str(annotation.get("bbox"))[:40]} has no area, so {BOX_PX} px around its centroid are used')
    elif not ((corners[:2] <= centroid) & (centroid < corners[2:])).all():
        raise ValueError(f'its box {box.tolist()} does not hold its centroid {centroid.tolist()}')
    elif polygons and _lie_apart(polygons, corners):
        polygons, notes = [], [*notes, 'its mask lies beside its box, so it is left out: its box is used']
    corners = np.clip(corners, 0, np.tile(size, 2))
    if (corners[2:] - corners[:2] < 1).any():
        notes.append(f'less than 1 px of its bbox lies in the image, so {BOX_PX} px around its centroid are used')
        corners = np.clip(_around(centroid), 0, np.tile(size, 2))
    return dict(annotation, bbox=corners, centroid=centroid, segmentation=polygons), notes


def point_of(annotation: dict) -> tuple[float, float, bool]:
    """Where an object is, for scoring, which needs no box: x, y and whether its own ``centroid`` says so.

    Raises:
        ValueError: Nothing says where.
    """
    centroid = _numbers(annotation.get('centroid'), 2)
    if centroid is not None:
        return (*annotation['centroid'], True)
    box = _numbers(annotation.get('bbox'), 4)
    if box is not None and (box[2:] > 0).all():
        x, y, width, height = annotation['bbox']
        return x + width / 2, y + height / 2, False
    try:
        polygons = polygons_of(annotation.get('segmentation'))
    except ValueError:
        polygons = []
    return (*_middle(box, True, polygons).tolist(), False)


def polygons_of(segmentation: Any) -> list[np.ndarray]:
    """The polygons ``(V, 2)`` px of a COCO segmentation: a list of flat lists, one flat list, a list of pairs, or run lengths.

    Raises:
        ValueError: None of these, or one without area.
    """
    if not segmentation:
        return []
    if isinstance(segmentation, dict):
        # Only outlines need scikit-image, which takes a second to import.
        pixels = run_length_pixels(segmentation)
        from mitos_mmdet.core.outlines import outline_polygons
        return [np.array(polygon).reshape(-1, 2) for polygon in outline_polygons(pixels, *segmentation['size'][::-1])]
    if not isinstance(segmentation, list):
        raise ValueError(f'its segmentation is {str(segmentation)[:40]!r}')
    is_one = is_number(segmentation[0]) or all(isinstance(part, list) and len(part) == 2 for part in segmentation)
    return [_polygon(part) for part in ([segmentation] if is_one else segmentation)]


def _polygon(part):
    try:
        values = [value for each in part for value in (each if isinstance(each, list) else [each])]
        sound = len(values) >= 6 and len(values) % 2 == 0 and all(map(is_coordinate, values))
    except TypeError:
        sound = False
    polygon = np.array(values, dtype=np.float64).reshape(-1, 2) if sound else None
    if polygon is None or not polygon_area(polygon) > 0:
        raise ValueError(f'its polygon {str(part)[:40]} has no area or is not x, y, x, y, ...')
    return polygon


def _numbers(values, count):
    if isinstance(values, list | tuple | np.ndarray) and len(values) == count and all(map(is_coordinate, values)):
        return np.array(values, dtype=np.float64)
    return None


def _middle(box, is_flat, polygons):
    """The centre of the box; of one without area, or none, that of the polygons' bounds."""
    if box is not None and not is_flat:
        return (box[:2] + box[2:]) / 2
    if polygons:
        corners = np.concatenate(polygons)
        return (corners.min(axis=0) + corners.max(axis=0)) / 2
    if box is not None and (box[2:] >= 0).all():
        return box[:2] + box[2:] / 2  # a point written as a box without size
    raise ValueError('it has no usable bbox, centroid or mask')


def _bounds(polygons, centroid):
    """xyxy of the polygons where they hold the centroid, else None."""
    if polygons:
        corners = np.concatenate(polygons)
        bounds = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
        if ((bounds[:2] <= centroid) & (centroid < bounds[2:])).all():
            return bounds
    return None


def _lie_apart(polygons, corners):
    """Whether the polygons' bounds and the box xyxy have no px in common."""
    places = np.concatenate(polygons)
    return bool((places.max(axis=0) < corners[:2]).any() or (places.min(axis=0) > corners[2:]).any())


def _around(centroid):
    return np.concatenate([centroid - BOX_PX / 2, centroid + BOX_PX / 2])
