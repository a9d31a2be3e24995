"""COCO json, ours (``coco_format``) or anybody's: ``bbox`` x, y, width, height; ours adds ``centroid`` and the pixel size."""

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.datasets.coco_format import check_coco, read_annotations
from mitos_mmdet.interchange.class_names import class_name
from mitos_mmdet.interchange.points import PointFile, points_of

EXPLAINED = 'COCO json (annotations), as tools/convert_dataset.py writes it'


def recognises(source):
    """MIDOG's own JSON has the same keys and other boxes; it is asked first."""
    return isinstance(source.json, dict) and {'images', 'annotations'} <= source.json.keys()


def read(source):
    """An annotation's point is its ``centroid``, else the centre of its ``bbox``; crowds are left out, as ``CentroidMetric`` does.

    Raises:
        ValueError: Not COCO, or an annotation of no image or no category.
    """
    content = read_annotations(source.path)
    check_coco(content, source.path)
    categories = {category['id']: class_name(str(category['name'])) for category in content['categories']}
    points = {image['id']: [] for image in content['images']}
    crowds = 0
    for annotation in content['annotations']:
        image_id, category_id = annotation['image_id'], annotation['category_id']
        if image_id not in points or category_id not in categories:
            raise ValueError(f"{source.path}: annotation {annotation['id']} is of image {image_id!r} and category {category_id!r}, "
                             f"one of which is not in the file. Mend the file")
        if annotation.get('iscrowd'):
            crowds += 1
            continue
        x, y, width, height = annotation['bbox']
        x, y = annotation.get('centroid') or (x + width / 2, y + height / 2)
        points[image_id].append((x, y, categories[category_id], annotation.get('score')))
    frames = [points_of(image['file_name'], points[image['id']], f"{source.path}: {image['file_name']}", **_described(image))
              for image in content['images']]
    return PointFile(source.path, 'coco', frames, [f'{crowds} annotations are crowds (iscrowd) and left out'] if crowds else [],
                     image_ids={image['id']: image['file_name'] for image in content['images']}, categories=categories)


def _described(image):
    um_per_px = image.get('um_per_px')
    if is_number(um_per_px):
        um_per_px = (um_per_px, um_per_px)
    return dict(um_per_px=um_per_px, size_px=(image['width'], image['height']), scanner=image.get('scanner'),
                domain=image.get('domain'), case_id=image.get('case_id'), region_type=image.get('region_type'),
                labelled=image.get('labelled', True) is not False)
