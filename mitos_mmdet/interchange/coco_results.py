"""COCO results: a list of ``{image_id, category_id, bbox: [x, y, width, height], score}``, as pycocotools and mmdet write it.

It names images and classes by the numbers of an annotation file, so it needs the truth to be COCO json.
"""

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.interchange.points import PointFile, points_of

EXPLAINED = 'COCO results: a list of image_id, category_id, bbox and score'


def recognises(source):
    """An empty list, too: that is what a model without detections gives."""
    content = source.json
    return isinstance(content, list) and (not content or isinstance(content[0], dict) and {'image_id', 'category_id'} <= content[0].keys())


def read(source, truth=None):
    """The points are the boxes' centres.

    Args:
        source: The ``Source``.
        truth: The ``PointFile`` of the COCO json that the numbers refer to.

    Raises:
        ValueError: Without such a truth, or an entry that is none.
    """
    if truth is None or truth.image_ids is None:
        raise ValueError(f'{source.path}: COCO results name images by number. Give the COCO json they were made from as the truth')
    if not isinstance(source.json, list):
        raise ValueError(f'{source.path}: not a list of COCO results')
    points = {name: [] for name in truth.image_ids.values()}
    for number, entry in enumerate(source.json):
        fault = _fault(entry, truth)
        if fault:
            raise ValueError(f'{source.path}: result {number} {fault}. Mend the file, or give the truth it was made for')
        x, y, width, height = entry['bbox']
        points[truth.image_ids[entry['image_id']]].append(
            (x + width / 2, y + height / 2, truth.categories[entry['category_id']], entry['score']))
    # It lists detections, not images: one without any may have been looked at or not, which scores the same.
    frames = [points_of(name, its, f'{source.path}: {name}') for name, its in points.items()]
    return PointFile(source.path, 'coco-results', frames)


def _fault(entry, truth):
    if not isinstance(entry, dict):
        return f'is {str(entry)[:60]!r}, not an object'
    for key, known in (('image_id', truth.image_ids), ('category_id', truth.categories)):
        if not isinstance(entry.get(key), int | str) or entry[key] not in known:
            return f'has {key} {entry.get(key)!r}, which the truth ({truth.path}) has not'
    box = entry.get('bbox')
    if not (isinstance(box, list) and len(box) == 4 and all(map(is_number, box))):
        return f'has bbox {str(box)[:60]}, which is not x, y, width, height'
    return None if entry.get('score') is not None else 'has no score'
