"""COCO json, ours (``coco_format``) or anybody's: ``bbox`` x, y, width, height; ours adds ``centroid`` and the pixel size."""

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.datasets.coco_format import annotation_fault, check_entries, image_fault, read_annotations, reference_fault
from mitos_mmdet.datasets.usable_labels import point_of
from mitos_mmdet.interchange.class_names import class_name
from mitos_mmdet.interchange.coco_boxes import check_not_corners
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = 'COCO json (annotations), as mitos convert writes it'
SUFFIXES = ('.json',)


def recognises(source: Source) -> bool:
    """MIDOG's own JSON has the same keys and other boxes; it is asked first."""
    return isinstance(source.json, dict) and {'images', 'annotations'} <= source.json.keys()


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """An annotation's point is its ``centroid``, else the centre of its ``bbox`` or mask; crowds are left out, as ``CentroidMetric`` does.

    Raises:
        ValueError: Not COCO, an annotation of no image or no category, or one whose place cannot be told.
    """
    content = read_annotations(source.path)
    check_entries(content, source.path)
    images = {}
    for image in content['images']:
        fault = image_fault(image, is_path=False)
        if fault:
            raise ValueError(f"{source.path}: image {image['id']} {fault}. Correct the file")
        images[image['id']] = image
    categories = {category['id']: class_name(str(category['name'])) for category in content['categories']}
    points: dict[object, list] = {number: [] for number in images}
    boxes, crowds = [], 0
    for annotation in content['annotations']:
        fault = reference_fault(annotation)
        if fault:
            raise ValueError(f"{source.path}: annotation {annotation['id']} {fault}. Correct the file")
        image_id, category_id = annotation['image_id'], annotation['category_id']
        if image_id not in points or category_id not in categories:
            raise ValueError(f"{source.path}: annotation {annotation['id']} is of image {image_id!r} and category {category_id!r}, "
                             f"one of which is not in the file. Correct the file")
        if annotation.get('iscrowd'):
            crowds += 1
            continue
        try:
            x, y, has_centroid = point_of(annotation)
        except ValueError as error:
            raise ValueError(f"{source.path}: annotation {annotation['id']}: {error}. Correct the file") from error
        if not has_centroid and not annotation_fault(annotation):
            boxes.append((annotation['bbox'], (images[image_id]['width'], images[image_id]['height'])))
        points[image_id].append((x, y, categories[category_id], annotation.get('score')))
    check_not_corners([box for box, _ in boxes], [size for _, size in boxes], source.path)
    frames = [points_of(image['file_name'], points[number], f"{source.path}: {image['file_name']}", not source.truth, **_described(image))
              for number, image in images.items()]
    return PointFile(source.path, 'coco', frames, [f'{crowds} annotations are crowds (iscrowd) and left out'] if crowds else [],
                     image_ids={number: image['file_name'] for number, image in images.items()}, categories=categories)


def _described(image):
    um_per_px = image.get('um_per_px')
    if is_number(um_per_px):
        um_per_px = (um_per_px, um_per_px)
    return dict(um_per_px=um_per_px, size_px=(image['width'], image['height']), scanner=image.get('scanner'),
                domain=image.get('domain'), case_id=image.get('case_id'), region_type=image.get('region_type'),
                labelled=image.get('labelled', True) is not False)
