"""QuPath's GeoJSON, one file per image, in px of the full image; also as TIAToolbox, CellViT, LazySlide, dlup and KongNet write it.

Which objects are mitotic figures is decided once, over all files, so that a slide that holds nothing but a region is not one with a mitotic
figure: where any object has a class, those without one are left out; else, where any is a detection, a cell or has a score, those that are
neither; else outlines of the size of a region. Points are always objects of their own.
"""

import json
from collections.abc import Sequence

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.core.text_files import without_gz
from mitos_mmdet.datasets.coco_format import CLASSES, HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.frame_names import file_names
from mitos_mmdet.interchange.geojson import features_of, has_no_place, objects_of_file
from mitos_mmdet.interchange.points import FramePoints, PointFile, points_of
from mitos_mmdet.interchange.source import Source

EXPLAINED = "QuPath's GeoJSON, one file per image"
SUFFIXES = ('.geojson', '.json')
# No mitotic figure is so wide: 50 um at 0.25 um/px (ours).
_REGION_PX = 200
_COLOURS = {MITOSIS: [0, 160, 70], HARD_NEGATIVE: [220, 120, 0]}


def recognises(source: Source) -> bool:
    return features_of(source.first_json) is not None


def read(source: Source, truth: PointFile | None = None) -> PointFile:
    """Objects of other classes than mitotic figure and hard negative stay in, under their own names.

    Raises:
        ValueError: A feature without a geometry that has a place.
    """
    paths = source.files(*SUFFIXES)
    found, empty = [], 0
    for path in paths:
        its, without = _objects(path, source)
        found.append(its)
        empty += without
    counts, notes = _rule([each for its in found for each in its])
    found = [[each for each in its if counts(each)] for its in found]
    if not source.truth and any(each.score is not None for its in found for each in its):
        found, more = _without_unscored_regions(found)
        notes += more
    notes += [f'{empty} features without a geometry are left out'] if empty else []
    names = _names(paths, source)
    frames = [points_of(name, [(each.x, each.y, each.label or MITOSIS, each.score) for each in its], str(path),
                        not source.truth) for name, path, its in zip(names, paths, found, strict=True)]
    return PointFile(source.path, 'qupath', frames, notes)


def to_files(frames: Sequence[FramePoints]) -> list[tuple[str, str]]:
    """``[('H05_00Ab.geojson', text), ...]``, one per frame; annotations, which QuPath also shows when they are points."""
    return [(f'{name}.geojson', json.dumps(dict(type='FeatureCollection', features=_to_features(frame))))
            for name, frame in zip(file_names(frames), frames, strict=True)]


def _objects(path, source):
    """``(objects, number of features without a place)`` of a file."""
    features = features_of(source.json if path == source.path else read_json(path))
    if features is None:
        raise ValueError(f'{path}: no GeoJSON of QuPath. Take it out of the folder, or export it again')
    placed = [feature for feature in features if not has_no_place(feature)]
    return objects_of_file(placed, path), len(features) - len(placed)


def _rule(objects):
    """Which objects count, as a function of one, and notes on the others."""
    if any(each.label for each in objects):
        def counts(each):
            return bool(each.label)
        why = 'without a class, beside others that have one,'
    elif any(_is_detected(each) for each in objects):
        counts, why = _is_detected, 'without a class that are neither detections nor scored, beside others that are, as regions'
    else:
        def counts(each):
            return each.side_px <= _REGION_PX
        why = f'without a class that are wider than {_REGION_PX} px, as regions,'
    left = sum(not counts(each) for each in objects)
    return counts, [f'{left} objects {why} are left out'] if left else []


def _without_unscored_regions(found):
    """Beside scored objects those of other classes need no score: nothing uses them."""
    kept = [[each for each in its if each.score is not None or (each.label or MITOSIS) in CLASSES] for its in found]
    left = sum(map(len, found)) - sum(map(len, kept))
    return kept, [f'{left} objects of other classes without a score, beside scored ones, are left out'] if left else []


def _is_detected(each):
    return each.kind in ('detection', 'cell') or each.score is not None


def _names(paths, source):
    """A frame's name is its file's; where all files are called alike, as KongNet's, its folder's."""
    inside = [path.relative_to(source.path) if source.is_folder else path.relative_to(path.parent) for path in paths]
    if len(paths) > 1 and len({path.name for path in paths}) == 1 and all(len(path.parts) > 1 for path in inside):
        inside = [path.parent for path in inside]
    return [path.as_posix() if path.suffix.lower() not in ('.gz', ) else without_gz(path).as_posix() for path in inside]


def _to_features(frame):
    scores = [None] * len(frame) if frame.scores is None else frame.scores.tolist()
    return [dict(type='Feature', geometry=dict(type='Point', coordinates=place), properties=dict(
        objectType='annotation', classification=dict(name=label, color=_COLOURS.get(label, [120, 120, 120])),
        **({} if score is None else dict(measurements=dict(score=score)))))
        for place, label, score in zip(frame.xy.tolist(), frame.labels.tolist(), scores, strict=True)]
