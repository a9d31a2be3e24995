"""QuPath's GeoJSON, one file an image, in px of the full image.

A feature is an annotation, detection or cell. Its point is the point, each point of a MultiPoint, or the centroid of the outline's area;
its class ``properties.classification.name``; its score a measurement called probability, score or confidence (QuPath 0.4 on: a dict,
before: a list of name and value), else a number as its name.
"""

import json

import numpy as np

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.class_names import class_name
from mitos_mmdet.interchange.frame_names import last_of
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.interchange.source import is_number, read_json

EXPLAINED = "QuPath's GeoJSON, one file an image"
_SCORES = ('probability', 'score', 'confidence', 'detection probability')
_COLOURS = {MITOSIS: [0, 160, 70], HARD_NEGATIVE: [220, 120, 0]}


def recognises(source):
    if source.is_folder:
        first = next(iter(source.files('.geojson', '.json')), None)
        return first is not None and _features(read_json(first)) is not None
    return _features(source.json) is not None


def read(source):
    """Objects of other classes than mitosis and hard negative stay in, under their own names; those without a class, beside others
    that have one, are left out.

    Raises:
        ValueError: A feature without a geometry that has a place.
    """
    frames, unclassified = [], 0
    for path in source.files('.geojson', '.json'):
        features = _features(source.json if path == source.path else read_json(path))
        if features is None:
            raise ValueError(f'{path}: no GeoJSON of QuPath. Take it out of the folder, or export it again')
        points = [point for number, feature in enumerate(features, start=1) for point in _points(feature, f'{path}: feature {number}')]
        if any(point[2] is not None for point in points):
            unclassified += sum(point[2] is None for point in points)
            points = [point for point in points if point[2] is not None]
        name = (path.relative_to(source.path) if source.is_folder else path.relative_to(path.parent)).as_posix()
        frames.append(points_of(name, [(x, y, label or MITOSIS, score) for x, y, label, score in points], str(path)))
    notes = [f'{unclassified} objects without a class, beside others that have one, are left out'] if unclassified else []
    return PointFile(source.path, 'qupath', frames, notes)


def to_files(frames):
    """``[('H05_00Ab.geojson', text), ...]``, one a frame; annotations, which QuPath also shows when they are points."""
    return [(f'{last_of(frame)}.geojson', json.dumps(dict(type='FeatureCollection', features=_to_features(frame)))) for frame in frames]


def _to_features(frame):
    scores = [None] * len(frame) if frame.scores is None else frame.scores.tolist()
    return [dict(type='Feature', geometry=dict(type='Point', coordinates=place), properties=dict(
        objectType='annotation', classification=dict(name=label, color=_COLOURS.get(label, [120, 120, 120])),
        **({} if score is None else dict(measurements=dict(score=score)))))
        for place, label, score in zip(frame.xy.tolist(), frame.labels.tolist(), scores, strict=True)]


def _features(content):
    """The list of features, None where it is none."""
    if isinstance(content, dict):
        content = content.get('features') if content.get('type') == 'FeatureCollection' else [content]
    is_list = isinstance(content, list) and all(isinstance(entry, dict) and entry.get('type') == 'Feature' for entry in content)
    return content if is_list else None


def _points(feature, where):
    """``[(x, y, class or None, score or None), ...]``."""
    properties = feature.get('properties')
    properties = properties if isinstance(properties, dict) else {}
    kind = properties.get('classification')
    names = (kind.get('names') or [kind.get('name')]) if isinstance(kind, dict) else [kind]
    # A derived class, as 'Tumor: Positive', is known by all its names.
    label = ': '.join(names) if all(isinstance(name, str) for name in names) else None
    score = _score(properties)
    return [(x, y, label and class_name(label), score) for x, y in _places(feature.get('geometry'), where)]


def _places(geometry, where):
    try:
        kind, coordinates = geometry['type'], geometry['coordinates']
        if kind == 'Point':
            return [_pair(coordinates)]
        if kind in ('MultiPoint', 'LineString'):
            pairs = [_pair(place) for place in coordinates]
            return pairs if kind == 'MultiPoint' else [tuple(np.mean(pairs, axis=0).tolist())]
        rings = {'Polygon': [coordinates[0]], 'MultiPolygon': [polygon[0] for polygon in coordinates]}[kind]
        return [_centroid([np.array([_pair(place) for place in ring], dtype=np.float64) for ring in rings])]
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise ValueError(f'{where} has no place: its geometry is {str(geometry)[:60]}. Export it again from QuPath') from error


def _pair(place):
    x, y = place[:2]
    if not (is_number(x) and is_number(y)):
        raise ValueError(place)
    return x, y


def _centroid(rings):
    """The centroid of the area in the rings (without holes), ``(N, 2)`` each; of an outline without area the mean of its corners."""
    area, moment = 0.0, np.zeros(2)
    for ring in rings:
        # Taken from the first corner: far from the origin the sums would lose their digits.
        here, there = ring - rings[0][0], np.roll(ring, -1, axis=0) - rings[0][0]
        cross = here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]
        sign = np.sign(cross.sum())
        area += sign * cross.sum() / 2
        moment += sign * ((here + there) * cross[:, None]).sum(axis=0) / 6
    centre = rings[0][0] + moment / area if area > 0 else np.concatenate(rings).mean(axis=0)
    return tuple(centre.tolist())


def _score(properties):
    measured = properties.get('measurements') or {}
    if isinstance(measured, list):
        measured = {entry.get('name'): entry.get('value') for entry in measured if isinstance(entry, dict)}
    measured = {str(key).lower(): value for key, value in measured.items()} if isinstance(measured, dict) else {}
    score = next((measured[key] for key in _SCORES if measured.get(key) is not None), None)
    given = properties.get('name') if score is None else score
    if not isinstance(given, str):
        return score
    try:
        return float(given)  # what is not finite QuPath writes as text
    except ValueError:
        return score
