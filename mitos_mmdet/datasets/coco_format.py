"""The annotation file: plain COCO json, with what COCO lacks riding along.

Any CocoDataset reads it. Beyond COCO, an image carries ``um_per_px`` ``[x, y]`` (or null), ``scanner``, ``case_id``, ``domain``
and ``labelled`` (false: nobody looked, so it is not a negative), and may carry ``region_type`` (MIDOG 2025) and its ``stain``
(``mitos_mmdet.datasets.frame_stain``); an annotation carries ``centroid`` ``[x, y]`` in px and,
where the contest gives one, ``confidence``. Boxes are ``[x, y, width, height]`` px, cut at the image's border.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.core.names import name_fault, printable
from mitos_mmdet.datasets.how_to_get import how_to_get

MITOSIS = 'mitotic figure'
HARD_NEGATIVE = 'hard negative'
CLASSES = (MITOSIS, HARD_NEGATIVE)
CATEGORY_IDS = {name: number for number, name in enumerate(CLASSES, start=1)}
_FARTHEST = 1e9  # px, ours: beyond any image, within every number type
_FIX = 'Correct the file, or convert the dataset again with mitos convert'


def categories() -> list[dict]:
    """The ``categories`` list of every annotation file of ours."""
    return [dict(id=number, name=name) for name, number in CATEGORY_IDS.items()]


def read_annotations(path: str | Path) -> dict:
    """Reads an annotation file, checks its shape and makes its numbers and ids uniform (``make_uniform``).

    Returns:
        dict: With the lists ``images``, ``annotations`` and ``categories``.

    Raises:
        ValueError: Not there, not json, or not COCO; the message names the file.
    """
    path = Path(path)
    content = read_json(path, 'Give the annotation file that mitos convert wrote' if path.exists() else how_to_get(path))
    missing = [key for key in ('images', 'annotations', 'categories')
               if not isinstance(content, dict) or not isinstance(content.get(key), list)]
    if missing:
        raise ValueError(f"{path}: not a COCO annotation file, it lacks the list(s) {', '.join(missing)}. Convert the dataset "
                         f'with mitos convert')
    make_uniform(content)
    return content


def make_uniform(content: dict) -> None:
    r"""What other programs write otherwise, in place: 1024.0 for 1024, the id "1" for 1, ``.\a\b.png`` for a/b.png, an unused category
    of another's name.
    """
    parts = {part: [entry for entry in content[part] if isinstance(entry, dict)] for part in ('images', 'annotations', 'categories')}
    for part, keys in (('images', ('id', 'width', 'height')), ('annotations', ('id', 'image_id', 'category_id')), ('categories', ('id', ))):
        for entry in parts[part]:
            for key in keys:
                if isinstance(entry.get(key), float) and entry[key].is_integer():
                    entry[key] = int(entry[key])
    for image in parts['images']:
        # Tables and other programs write truth values as numbers and as text.
        if 'labelled' in image and str(image['labelled']).lower() in ('false', 'no', '0', '0.0'):
            image['labelled'] = False
        if isinstance(image.get('file_name'), str):
            image['file_name'] = re.sub(r'^(\./)+(?=.)', '', image['file_name'].replace('\\', '/'))
    for key, part in (('image_id', 'images'), ('category_id', 'categories')):
        ids = [entry.get('id') for entry in parts[part]]
        ids = [each for each in ids if isinstance(each, int | str)]
        known, by_text = set(ids), {str(each): each for each in ids}
        for annotation in parts['annotations']:
            given = annotation.get(key)
            if isinstance(given, int | str) and not isinstance(given, bool) and given not in known:
                annotation[key] = by_text.get(str(given), given)
    # Roboflow puts a root category, which no annotation has, before the others and may call it alike.
    used = {str(annotation.get('category_id')) for annotation in parts['annotations']}
    names = Counter(str(category.get('name')) for category in parts['categories'])
    content['categories'] = [category for category in content['categories'] if not isinstance(category, dict)
                             or names[str(category.get('name'))] == 1 or str(category.get('id')) in used] or content['categories']


def check_coco(content: dict, path: str | Path) -> None:
    """Checks that every image, annotation and category has what a dataset reads of it.

    Args:
        content: As ``read_annotations`` gives it.
        path: The file, for the message.

    Raises:
        ValueError: The first entry that has not, by its id.
    """
    check_entries(content, path)
    for part, what, fault_of in (('images', 'image', image_fault), ('annotations', 'annotation', annotation_fault)):
        for entry in content[part]:
            fault = fault_of(entry)
            if fault:
                raise ValueError(f"{path}: {what} {entry['id']} {fault}. {_FIX}")


def check_entries(content: dict, path: str | Path) -> None:
    """Checks only that entries can be told apart: each is an object with an ``id`` of its own, a category with a ``name``, too.

    Args:
        content: As ``read_annotations`` gives it.
        path: The file, for the message.

    Raises:
        ValueError: The first entry that is not.
    """
    for part, keys in (('images', ('id', )), ('annotations', ('id', )), ('categories', ('id', 'name'))):
        for place, entry in enumerate(content[part]):
            if not isinstance(entry, dict):
                raise ValueError(f'{path}: {part}[{place}] is {str(entry)[:60]!r}, not an object with keys. {_FIX}')
            fault = next(filter(None, (_id_fault(entry, key) for key in keys)), None)
            if fault:
                raise ValueError(f'{path}: {part}[{place}] {fault}. {_FIX}')
        for key in keys:
            twice = [value for value, count in Counter(entry[key] for entry in content[part]).items() if count > 1]
            if twice:
                raise ValueError(f'{path}: {part} list the {key} {twice[0]!r} twice. {_FIX}')


def image_fault(image: dict, is_path: bool = True) -> str | None:
    """What makes an image's entry unusable, as ``'lacks width'``; None if nothing does.

    Args:
        image: The entry.
        is_path: Whether ``file_name`` becomes part of a path, so that it must not lead out of a folder; a name to compare may.
    """
    for key in ('file_name', 'width', 'height'):
        if image.get(key) is None:
            return f'lacks {key}'
    name = image['file_name']
    fault = name_fault(name) if is_path or not isinstance(name, str) or not name else None
    if fault:
        return f"has file_name {printable(image['file_name'])[:80]!r}, which {fault}"
    for side in ('width', 'height'):
        if not _is_number(image[side], int) or not 1 <= image[side] <= _FARTHEST:
            return f'has {side} {printable(repr(image[side]))[:40]}, which is no whole number of px above 0 and below {_FARTHEST:.0e}'
    return None


def reference_fault(annotation: dict) -> str | None:
    """What is wrong with an annotation's ``image_id`` or ``category_id``; None if nothing is."""
    return _id_fault(annotation, 'image_id') or _id_fault(annotation, 'category_id')


def annotation_fault(annotation: dict) -> str | None:
    """What makes an annotation's entry unusable, as ``'lacks bbox'``; None if nothing does. ``centroid`` may be absent."""
    fault = reference_fault(annotation)
    if fault:
        return fault
    if annotation.get('bbox') is None:
        return 'lacks bbox'
    for key, length in (('bbox', 4), ('centroid', 2)):
        values = annotation.get(key)
        if values is not None and not (isinstance(values, (list, tuple)) and len(values) == length
                                       and all(is_coordinate(value) for value in values)):
            return f'has {key} {values!r}, which is not {length} finite numbers'
    return None


def _id_fault(entry, key):
    value = entry.get(key)
    if value is None:
        return f'lacks {key}'
    # Text, too: pycocotools takes it. Not 1.5, nor a list, which no other entry can be looked up by.
    return None if isinstance(value, str) or _is_number(value, int) else f'has {key} {value!r}, which is neither a whole number nor text'


def is_coordinate(value: Any) -> bool:
    """Whether a JSON value is a number that can be a place in an image: finite, and no integer beyond floats."""
    return _is_number(value) and abs(value) < _FARTHEST


def _is_number(value, kind=(int, float)):
    return isinstance(value, kind) and not isinstance(value, bool)  # JSON's true would count as 1
