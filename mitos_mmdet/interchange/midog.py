"""MIDOG's annotation JSON of 2021, 2022 and MIDOG++, which looks like COCO with boxes x1, y1, x2, y2."""

from mitos_mmdet.interchange.contest_labels import read_contest

EXPLAINED = 'MIDOG.json or MIDOG++.json (boxes x1, y1, x2, y2)'
_SIDE_PX = 50


def recognises(source):
    """Every box of theirs is 50 px as x1, y1, x2, y2; as x, y, width, height no real set of boxes comes out so."""
    content = source.json
    boxes = [entry.get('bbox') for entry in content['annotations'] if isinstance(entry, dict)] \
        if isinstance(content, dict) and isinstance(content.get('annotations'), list) and 'images' in content else []
    return bool(boxes) and 'converter_version' not in str(content.get('info')) and all(map(_is_corners, boxes))


def read(source):
    """See ``contest_labels.read_contest``; MIDOG++ needs its csv beside it."""
    return read_contest(source, 'midog')


def _is_corners(box):
    try:
        x1, y1, x2, y2 = box
        return abs(x2 - x1 - _SIDE_PX) <= 1 and abs(y2 - y1 - _SIDE_PX) <= 1  # some are cut at half a px
    except (TypeError, ValueError, OverflowError):
        return False
