"""Regions of interest drawn in QuPath, read from its GeoJSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import ArrayLike

from mitos_mmdet.core.json_reading import read_json

if TYPE_CHECKING:
    from mitos_mmdet.slides.slide import Slide

_NO_REGIONS = ('detection', 'cell', 'tile')  # QuPath's objects that nobody drew as a region
_IGNORED = 'Ignore*'  # QuPath's class for what is to be left out
_FARTHEST = 1e9  # Ours: px; no slide reaches so far, and GEOS fails on numbers far beyond.


@dataclass(frozen=True)
class Roi:
    """The union of the regions.

    Attributes:
        area: A shapely geometry, px of level 0, within the slide.
    """

    area: shapely.Geometry

    def __post_init__(self):
        shapely.prepare(self.area)

    @property
    def polygons(self) -> list:
        """List of shapely ``Polygon``, px of level 0."""
        return [part for part in getattr(self.area, 'geoms', [self.area]) if isinstance(part, shapely.Polygon)]

    @property
    def area_px(self) -> float:
        """Area in px of level 0."""
        return float(self.area.area)

    def contains(self, points: ArrayLike) -> np.ndarray:
        """bool ``(n,)``: which of ``(n, 2)`` points (px of level 0) lie inside or on the border."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        return shapely.intersects_xy(self.area, points[:, 0], points[:, 1])

    def covers(self, xyxy: Sequence[float]) -> float:
        """Share of a rectangle (px of level 0) that lies inside."""
        box = shapely.box(*xyxy)
        return float(self.area.intersection(box).area / box.area) if box.area > 0 and self.area.intersects(box) else 0.0


def read_roi(path: str | Path, slide: 'Slide', offset: bool = True) -> 'Roi':
    """Reads the regions drawn in QuPath: rectangles, ellipses, polygons, brushes, with holes; less those of the class ``Ignore*``.

    QuPath crops a slide that states bounds (MRXS), so its coordinates start at the bounds' corner, which is added.

    Args:
        path: GeoJSON: a FeatureCollection, a list of features, one feature, or a geometry.
        slide: The ``Slide`` it was drawn on.
        offset: Add the corner of ``slide.bounds``. False for coordinates that count from the whole slide's corner.

    Returns:
        Roi

    Raises:
        ValueError: Unreadable, no GeoJSON, no region with an area (points or lines only), all ignored, or all outside the slide.
    """
    shift = tuple(slide.bounds[:2]) if offset and slide.bounds else (0, 0)
    areas, ignored, kinds = [], [], set()
    for number, feature in enumerate(_features(read_json(path), path), start=1):
        properties = feature.get('properties')
        properties = properties if isinstance(properties, dict) else {}
        if properties.get('objectType') in _NO_REGIONS:
            kinds.add(properties['objectType'])
            continue
        kind, parts = _areas(feature['geometry'], f'{path}: feature {number}')
        if _class_of(properties) == _IGNORED:
            ignored += parts
            kinds.add(f'regions of the class {_IGNORED}')
        else:
            areas += parts
            kinds.add(kind)
    whole = shapely.difference(shapely.union_all(areas), shapely.union_all(ignored))
    if whole.area <= 0:
        held = f'it holds {", ".join(sorted(kinds))} only' if kinds else 'it is empty'
        if areas:
            held = f'regions of the class {_IGNORED} cover all others'
        raise ValueError(f'{path}: has no region with an area ({held}). Draw a rectangle, ellipse or polygon in QuPath and '
                         f'export it as GeoJSON')
    whole = shapely.transform(whole, lambda points: points + shift)
    inside = whole.intersection(shapely.box(0, 0, *slide.size))
    if inside.area <= 0:
        x1, y1, x2, y2 = whole.bounds
        raise ValueError(f'{path}: its regions ({x1:.0f}, {y1:.0f} to {x2:.0f}, {y2:.0f}) lie outside the slide {slide.path.name}, '
                         f'{slide.size[0]} x {slide.size[1]} px. Give the file drawn on this slide')
    return Roi(inside)


def _features(content, path):
    if isinstance(content, dict) and isinstance(content.get('features'), list):
        content = content['features']
    if isinstance(content, dict):
        content = [content if content.get('type') == 'Feature' else dict(type='Feature', geometry=content)]
    if not isinstance(content, list) or not all(isinstance(feature, dict) for feature in content) \
            or any('geometry' not in feature for feature in content):
        raise ValueError(f'{path}: not GeoJSON. Export the region from QuPath with File > Export objects as GeoJSON')
    return [feature for feature in content if feature['geometry'] is not None]


def _class_of(properties):
    kind = properties.get('classification')
    return kind.get('name') if isinstance(kind, dict) else kind


def _areas(geometry, where):
    """``(geometry type, [valid Polygon or MultiPolygon with an area, ...])`` of what the file says, or one clear error."""
    try:
        with np.errstate(invalid='ignore'):  # NaN is told below
            shape = shapely.geometry.shape(geometry)
        if not (np.abs(shapely.get_coordinates(shape)) < _FARTHEST).all():  # bounds leave NaN out
            raise ValueError('its coordinates are no places on a slide')
        valid = shapely.get_parts([shapely.make_valid(part) for part in getattr(shape, 'geoms', [shape])])
    except (TypeError, KeyError, ValueError, IndexError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        raise ValueError(f'{where} has no usable geometry ({str(geometry)[:60]}). Export it again from QuPath') from error
    return shape.geom_type, [part for part in valid.tolist() if part.geom_type in ('Polygon', 'MultiPolygon') and part.area > 0]
