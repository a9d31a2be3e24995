"""MIDOG 2021, 2022 and MIDOG++: regions of 2 mm2, one per case, of up to seven tumour types.

One JSON that looks like COCO and is not: **``bbox`` is x1,y1,x2,y2**, always 50 px wide, its centre the figure. Which of the
three a file is, its content tells.
"""

import math
from pathlib import Path
from typing import Any

from mitos_mmdet.contests.image_files import check_image_root
from mitos_mmdet.contests.label_files import check_folder
from mitos_mmdet.contests.midog_meta import describe_images
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.core.files import is_regular
from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.core.names import name_fault
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS, is_coordinate

# 'csv' comes from MIDOG++'s datasets_xvalidation.csv, so it is no list here.
SPLITS: dict[str, dict] = {}

EXPLAINED = 'MIDOG.json or MIDOG++.json (boxes x1, y1, x2, y2)'
_SIDE_PX = 50
_EXPECTED = 'the JSON of MIDOG 2021, 2022 or MIDOG++, or the folder that holds one of them'
_CATEGORIES = {'mitotic figure': MITOSIS, 'not mitotic figure': HARD_NEGATIVE, 'non-mitotic figure': HARD_NEGATIVE,
               'hard negative': HARD_NEGATIVE}
# Every region is 2 mm2 at 4:3, hence this wide.
_REGION_WIDTH_UM = 1000 * math.sqrt(2 * 4 / 3)


def recognises(source: Any) -> bool:
    """Every box of theirs is 50 px as x1, y1, x2, y2; as x, y, width, height no real set of boxes comes out so."""
    content = source.json
    boxes = [entry.get('bbox') for entry in content['annotations'] if isinstance(entry, dict)] \
        if isinstance(content, dict) and isinstance(content.get('annotations'), list) and 'images' in content else []
    return bool(boxes) and 'converter_version' not in str(content.get('info')) and all(map(_is_corners, boxes))


def _is_corners(box):
    try:
        x1, y1, x2, y2 = box
        return abs(x2 - x1 - _SIDE_PX) <= 1 and abs(y2 - y1 - _SIDE_PX) <= 1  # some are cut at half a px
    except (TypeError, ValueError, OverflowError):
        return False


def read(root: str | Path, images: str | Path | None = None, csv: str | Path | None = None) -> Reading:
    """Reads one MIDOG file.

    Args:
        root: The JSON, or a folder with exactly one (``MIDOG*.json``, also in ``databases``).
        images: Folder of the TIFFs; by default the JSON's, or a folder ``images`` beside or above it.
        csv: MIDOG++'s ``datasets_xvalidation.csv``; by default the one beside or above the JSON.

    Returns:
        Reading: Images that nobody labelled are marked so; bad labels are in ``skipped``.

    Raises:
        ValueError: No such file, not MIDOG's, or boxes that are not x1,y1,x2,y2.
    """
    path = _find_json(check_folder(root, _EXPECTED))
    content = _load(path)
    contest, described, splits, notes = describe_images(content, path, csv)
    image_root = check_image_root(images, _default_image_root(path, content['images']))
    reading = Reading(contest, image_root, [], notes=notes, splits=splits)
    frames = {}
    for image in content['images']:
        try:
            frames[image['id']] = _frame(image, described, image_root)
        except ValueError as error:
            reading.skipped.append((f'{path.name}: image {image.get("file_name")!r}', str(error)))
    _add_labels(content, path, frames, reading)
    for frame in frames.values():
        frame.labelled = frame.labelled or bool(frame.labels)
    reading.frames = list(frames.values())
    return reading


def _find_json(root):
    if root.is_file():
        return root
    found = sorted([*root.glob('MIDOG*.json'), *root.glob('databases/MIDOG*.json')])
    if len(found) != 1:
        names = ', '.join(path.name for path in found) or 'no MIDOG*.json'
        raise ValueError(f'{root}: holds {names}. Give {_EXPECTED}')
    return found[0]


def _load(path):
    content = read_json(path, f'Give {_EXPECTED}')
    if isinstance(content, dict) and 'converter_version' in str(content.get('info')):
        raise ValueError(f'{path}: is converted already. Give {_EXPECTED}')
    keys = ('images', 'annotations', 'categories')
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in keys):
        raise ValueError(f'{path}: lacks one of the lists {", ".join(keys)}. Give {_EXPECTED}')
    for key, needed in (('images', ('id', 'file_name')), ('categories', ('id', 'name'))):
        for entry in content[key]:
            if not isinstance(entry, dict) or not all(isinstance(entry.get(name), int | str) for name in needed) \
                    or not isinstance(entry.get('file_name', ''), str):
                raise ValueError(f'{path}: {str(entry)[:60]!r} in {key} lacks {" or ".join(needed)}. Give {_EXPECTED}')
        for name in needed:
            if len({entry[name] for entry in content[key]}) < len(content[key]):
                raise ValueError(f'{path}: two of {key} have the same {name}. Fetch the file again from the contest')
    return content


def _default_image_root(path, images):
    """The likely folder that has an image, else the JSON's own."""
    fit = [image for image in images if name_fault(image['file_name']) is None]  # the others are left out later
    folders = [path.parent, path.parent / 'images', path.parent.parent / 'images', path.parent.parent]
    return next((folder for folder in folders if any(is_regular(folder / image['file_name']) for image in fit)), path.parent)


def _frame(image, described, image_root):
    size = image.get('width'), image.get('height')
    if not all(isinstance(side, int) and 0 < side < 1e9 for side in size):
        raise ValueError(f'width {size[0]!r} and height {size[1]!r} are no sizes in px. Correct the file, or fetch it again')
    if image['id'] not in described:
        raise ValueError('file names of MIDOG are numbers, for example 001.tiff. Rename the image, or take it out')
    um_per_px = _REGION_WIDTH_UM / size[0]
    return LabelledFrame(image['file_name'], image_root / image['file_name'], um_per_px=(um_per_px, um_per_px), size=size,
                         exact_size=True, tags_win=True, **described[image['id']])


def _add_labels(content, path, frames, reading):
    categories = {}
    for category in content['categories']:
        if category['name'] not in _CATEGORIES:
            raise ValueError(f'{path}: category {str(category["name"])[:40]!r} is none of MIDOG\'s: {", ".join(_CATEGORIES)}')
        categories[category['id']] = _CATEGORIES[category['name']]
    known, bad = {image['id'] for image in content['images']}, []
    for number, annotation in enumerate(content['annotations']):
        where = f'{path.name}: annotation {annotation.get("id", number) if isinstance(annotation, dict) else number}'
        try:
            label, image_id = _label(annotation, where, categories, known)
        except ValueError as error:
            bad.append((where, str(error)))
            spoilt = frames.pop(annotation['image_id'], None) if _is_of_an_image(annotation, known) else None
            if spoilt is not None:
                reading.skipped.append((f'frame {spoilt.file_name}',
                                        f'{where.partition(": ")[2]} is bad, and the frame would show its object as background'))
            continue
        if image_id in frames:
            frames[image_id].labels.append(label)
    if 2 * len(bad) > len(content['annotations']):
        raise ValueError(f'{path}: {len(bad)} of {len(content["annotations"])} annotations are bad, first {bad[0][0]}: '
                         f'{bad[0][1]}')
    reading.skipped += bad


def _label(annotation, where, categories, known):
    if not _is_of_an_image(annotation, known):
        raise ValueError('no image has its image_id. Correct the file, or fetch it again')
    if not _is_one_of(annotation.get('category_id'), categories):
        raise ValueError(f'category_id {annotation.get("category_id")!r} is none of the file\'s categories')
    box = annotation.get('bbox')
    if not (isinstance(box, list) and len(box) == 4 and all(map(is_coordinate, box))):
        raise ValueError(f'bbox {str(box)[:60]} is not four numbers x1,y1,x2,y2')
    x1, y1, x2, y2 = box
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f'bbox {box} is not x1,y1,x2,y2 as MIDOG has it; x,y,width,height perhaps: then it is COCO json already')
    return Label(categories[annotation['category_id']], ((x1 + x2) / 2, (y1 + y2) / 2), where), annotation['image_id']


def _is_of_an_image(annotation, known):
    return isinstance(annotation, dict) and _is_one_of(annotation.get('image_id'), known)


def _is_one_of(value, known):
    return isinstance(value, int | str) and value in known
