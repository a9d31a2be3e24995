"""Objects of GeoJSON features as QuPath and what writes for it have them; which of them are mitotic figures ``qupath`` decides.

Where the parts of an object stand:

==================  ==================================================================================================
class               ``properties.classification``: a name, a dict with ``name`` or ``names``, or that dict as JSON text (what
                    geopandas makes of it); else ``properties.type``, ``class`` or ``label`` (TIAToolbox); else ``name``, where
                    it is mitotic figure or hard negative
score               a measurement called probability, score or confidence (QuPath 0.4 on: a dict, before: a list of name and
                    value); else such a property itself (TIAToolbox: ``prob``), else a number as its name
kind                ``properties.objectType``; before QuPath 0.3 ``id`` (``PathDetectionObject``)
place               the point; each point of a MultiPoint; the centroid of an outline's area; of a MultiPolygon each part's, since CellViT
                    and dlup write one per class, but for a detection or a cell, and for parts close together beside other objects of
                    that class, which are one object (a mitotic figure in telophase)
==================  ==================================================================================================
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mitos_mmdet.core.json_reading import is_number
from mitos_mmdet.datasets.coco_format import CLASSES
from mitos_mmdet.interchange.class_names import class_name

_SCORES = ('probability', 'score', 'confidence', 'detection probability', 'prob', 'class probability')
_CLASSES = ('type', 'class', 'label')
# Parts within so many px are one object's: 20 um at 0.25 um/px (ours).
_ONE_OBJECT_PX = 80
_OBJECTS = ('detection', 'cell', 'tile', 'tma_core')
_OLD_KINDS = {'PathAnnotationObject': 'annotation', 'PathDetectionObject': 'detection', 'PathCellObject': 'cell',
              'PathTileObject': 'tile', 'PathRootObject': 'root', 'TMACoreObject': 'tma_core'}


@dataclass(frozen=True)
class GeoObject:
    """One object of a file, a part of a MultiPolygon too.

    Attributes:
        x, y: px of the full image.
        label: Its class by ``class_name``, None where it has none.
        score: As the file has it, None where it has none.
        kind: ``'annotation'``, ``'detection'``, ``'cell'`` ..., or None.
        side_px: The longer side of its outline, 0 of a point.
    """

    x: float
    y: float
    label: str | None
    score: object
    kind: str | None
    side_px: float


def has_no_place(feature: dict) -> bool:
    """Whether a feature is one without a geometry, or with an empty one, as GeoJSON allows: nothing was drawn."""
    geometry = feature.get('geometry')
    return geometry is None or (isinstance(geometry, dict) and [] in (geometry.get('coordinates'), geometry.get('geometries')))


def features_of(content: Any) -> list | None:
    """The features of GeoJSON content: of a collection, a list, or one alone; None where it is none."""
    if isinstance(content, dict):
        content = content.get('features') if content.get('type') == 'FeatureCollection' else [content]
    is_list = isinstance(content, list) and all(isinstance(entry, dict) and entry.get('type') == 'Feature' for entry in content)
    return content if is_list else None


def objects_of_file(features: Sequence[dict], path: str | Path) -> list[GeoObject]:
    """The objects of all features of a file.

    Args:
        features: As ``features_of`` gives them.
        path: What an error names.

    Raises:
        ValueError: A geometry without a place.
    """
    described = [_described(feature) for feature in features]
    alike = Counter(label for label, _, _ in described)
    found = []
    for number, (feature, (label, score, kind)) in enumerate(zip(features, described, strict=True), start=1):
        together = math.inf if kind in _OBJECTS else _ONE_OBJECT_PX if alike[label] > 1 else 0
        found += [GeoObject(x, y, label, score, kind, side)
                  for x, y, side in _places(feature.get('geometry'), together, f'{path}: feature {number}')]
    return found


def _described(feature):
    """Class, score and kind."""
    properties = feature.get('properties')
    properties = properties if isinstance(properties, dict) else {}
    old = feature.get('id')
    kind = properties.get('objectType') or properties.get('object_type') or (_OLD_KINDS.get(old) if isinstance(old, str) else None)
    return _label(properties), _score(properties), kind if isinstance(kind, str) else None


def _places(geometry, together, where):
    """``[(x, y, side), ...]``; parts of a MultiPolygon that span no more than ``together`` px are one."""
    try:
        kind = geometry['type']
        if kind == 'GeometryCollection':
            return [place for each in geometry['geometries'] for place in _places(each, together, where)]
        coordinates = geometry['coordinates']
        if kind == 'Point':
            return [(*_pair(coordinates), 0)]
        if kind == 'MultiPoint':
            return [(*_pair(place), 0) for place in coordinates]
        if kind == 'LineString':
            return [_middle([_ring(coordinates)], False)]
        if kind == 'Polygon':
            return [_middle([_ring(coordinates[0])])]
        rings = {'MultiPolygon': [_ring(polygon[0]) for polygon in coordinates]}[kind]
        whole = _middle(rings)
        return [whole] if whole[2] <= together else [_middle([ring]) for ring in rings]
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise ValueError(f'{where} has no place: its geometry is {str(geometry)[:60]}. Export it again') from error


def _pair(place):
    x, y = place[:2]
    if not (is_number(x) and is_number(y)):
        raise ValueError(place)
    return x, y


def _ring(places):
    return np.array([_pair(place) for place in places], dtype=np.float64).reshape(-1, 2)


def _middle(rings, has_area=True):
    """The centroid of the area in the rings (without holes), ``(N, 2)`` each, and their longer side; without area the mean of corners."""
    corners = np.concatenate(rings)
    side = float(np.ptp(corners, axis=0).max())
    area, moment = 0.0, np.zeros(2)
    for ring in rings if has_area else ():
        # Taken from the first corner: far from the origin the sums would lose their digits.
        here, there = ring - rings[0][0], np.roll(ring, -1, axis=0) - rings[0][0]
        cross = here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]
        sign = np.sign(cross.sum())
        area += sign * cross.sum() / 2
        moment += sign * ((here + there) * cross[:, None]).sum(axis=0) / 6
    centre = rings[0][0] + moment / area if area > 0 else corners.mean(axis=0)
    return (*centre.tolist(), side)


def _label(properties):
    kind = _unpacked(properties.get('classification'))
    names = (kind.get('names') or [kind.get('name')]) if isinstance(kind, dict) else [kind]
    # A derived class, as 'Tumor: Positive', is known by all its names.
    if isinstance(names, list) and names and all(isinstance(name, str) and name for name in names):
        return class_name(': '.join(names))
    named = next((properties[key] for key in _CLASSES if isinstance(properties.get(key), str)), None)
    if named is None and isinstance(properties.get('name'), str) and class_name(properties['name']) in CLASSES:
        named = properties['name']  # what an annotation is called is free text, unless it is one of our classes
    return named and class_name(named)


def _score(properties):
    measured = _unpacked(properties.get('measurements')) or {}
    if isinstance(measured, list):
        measured = {entry.get('name'): entry.get('value') for entry in measured if isinstance(entry, dict)}
    measured = measured if isinstance(measured, dict) else {}
    for values in (measured, properties):
        values = {str(key).lower(): value for key, value in values.items()}
        score = next((values[key] for key in _SCORES if values.get(key) is not None), None)
        if score is not None:
            return _number(score)
    name = _number(properties.get('name'))
    return None if isinstance(name, str) else name


def _number(value):
    try:
        return float(value) if isinstance(value, str) else value  # QuPath writes NaN as text
    except ValueError:
        return value


def _unpacked(value):
    """JSON text as what it says."""
    if not isinstance(value, str) or value[:1] not in ('{', '['):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
