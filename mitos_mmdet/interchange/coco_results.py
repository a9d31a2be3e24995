"""COCO results: a list of ``{image_id, category_id, bbox: [x, y, width, height], score}``, as pycocotools and mmdet write it.

It names images and classes by the numbers of an annotation file, so it needs the ground truth to be COCO json. A ``file_name`` beside the
number, as Ultralytics writes it, must be that image's; where the number is only the number in the file's name, the file name counts.
"""

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.interchange.coco_boxes import check_not_corners
from mitos_mmdet.interchange.frame_names import key_of, pair_names
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = 'COCO results: a list of image_id, category_id, bbox and score'
SUFFIXES = ('.json',)


def recognises(source: Source) -> bool:
    """An empty list, too, but of GeoJSON: that is what a model without detections gives."""
    content = source.json
    if content == []:
        return without_gz(source.path).suffix.lower() != '.geojson'
    return isinstance(content, list) and isinstance(content[0], dict) and {'image_id', 'category_id'} <= content[0].keys()


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """The points are the boxes' centres.

    Args:
        source: The ``Source``.
        truth: The ``PointFile`` of the COCO json that the numbers refer to; any for an empty list.

    Raises:
        ValueError: Without such a truth, an entry that is none, or numbers and file names that contradict each other.
    """
    content = source.json
    if not isinstance(content, list):
        raise ValueError(f'{source.path}: not a list of COCO results')
    if truth is None or (content and truth.image_ids is None):
        raise ValueError(f'{source.path}: COCO results name images by number. Give the COCO json they were made from as the truth')
    known = {frame.name: frame for frame in truth.frames}
    names, notes = _image_names(content, truth, source.path)
    categories = _by_text(truth.categories)
    points: dict[str, list] = {name: [] for name in known}
    boxes = []
    for number, (entry, name) in enumerate(zip(content, names, strict=True)):
        fault = _fault(entry, name, truth, categories)
        if fault:
            raise ValueError(f'{source.path}: result {number} {fault}. Correct the file, or give the truth it was made for')
        x, y, width, height = entry['bbox']
        points[name].append((x + width / 2, y + height / 2, _looked_up(categories, entry, 'category_id'), entry['score']))
        boxes.append((entry['bbox'], known[name].size_px))
    check_not_corners([box for box, _ in boxes], [size for _, size in boxes], source.path)
    # It lists detections, not images: one without any may have been looked at or not, which scores the same.
    frames = [points_of(name, its, f'{source.path}: {name}') for name, its in points.items()]
    return PointFile(source.path, 'coco-results', frames, notes)


def _image_names(content, truth, path):
    """The truth's name of each entry's image, None where it has none, and notes."""
    images = _by_text(truth.image_ids)
    by_number = [_looked_up(images, entry, 'image_id') for entry in content]
    given = [_name_in(entry, known) for entry, known in zip(content, by_number, strict=True)]
    if not content or not all(isinstance(name, str) and name for name in given):
        return by_number, []
    paired = pair_names([frame.name for frame in truth.frames], sorted(set(given)))
    by_name = [paired.get(name) for name in given]
    place = next((place for place, both in enumerate(zip(by_number, by_name, strict=True)) if both[0] != both[1]), None)
    if place is None:
        return by_number, []
    if all(name is not None for name in by_name) and (not any(by_number) or all(map(_is_stem, content))):
        return by_name, [f'image_id, such as {content[place].get("image_id")!r}, is not that of {truth.path.name}: file_name says which '
                         f'image is meant']
    raise ValueError(f'{path}: result {place} has image_id {content[place].get("image_id")!r}, which is {by_number[place]} in '
                     f'{truth.path}, but file_name {given[place]!r}. Correct one of them')


def _name_in(entry, known):
    """An entry's file name; without one its ``image_id`` where that is text and no image's number. None where there is neither."""
    if not isinstance(entry, dict):
        return None
    return entry.get('file_name') or (entry.get('image_id') if known is None and isinstance(entry.get('image_id'), str) else None)


def _is_stem(entry):
    """Whether the number is the one that the file is named by, as Ultralytics writes it: 5 for 005.tiff."""
    stem = key_of(entry.get('file_name') or str(entry.get('image_id')))[-1]
    return str(entry.get('image_id')) in (stem, stem.lstrip('0') or '0')


def _by_text(numbers):
    """``{text of a number: name}``: as text, so that "5" means 5, but 005, which is a name, does not."""
    return {str(number): name for number, name in (numbers or {}).items()}


def _looked_up(by_text, entry, key):
    """What an entry's number means, None where nothing; 5.0 means 5, too."""
    value = entry.get(key) if isinstance(entry, dict) else None
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    return by_text.get(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None


def _fault(entry, name, truth, categories):
    if not isinstance(entry, dict):
        return f'is {str(entry)[:60]!r}, not an object'
    if name is None:
        return f'has image_id {entry.get("image_id")!r}, which the truth ({truth.path}) has not'
    if _looked_up(categories, entry, 'category_id') is None:
        return f'has category_id {entry.get("category_id")!r}, which the truth ({truth.path}) has not'
    box = entry.get('bbox')
    if not (isinstance(box, list) and len(box) == 4 and all(map(is_number, box))):
        return f'has bbox {str(box)[:60]}, which is not x, y, width, height'
    return None if entry.get('score') is not None else 'has no score'
