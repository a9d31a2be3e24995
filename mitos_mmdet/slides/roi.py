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


@dataclass(frozen=True)
class Roi:
    """The union of the regions.

    Attributes:
        area: A shapely geometry, px of level 0, within the slide.
        path: The file they come from.
        offset: ``(x, y)`` px that was added to the file's coordinates.
    """

    area: shapely.Geometry
    path: str = ''
    offset: tuple = (0, 0)

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

    @property
    def bounds(self) -> tuple:
        """xyxy px of level 0 around all."""
        return self.area.bounds

    def contains(self, points: ArrayLike) -> np.ndarray:
        """bool ``(n,)``: which of ``(n, 2)`` points (px of level 0) lie inside or on the border."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        return shapely.intersects_xy(self.area, points[:, 0], points[:, 1])

    def covers(self, xyxy: Sequence[float]) -> float:
        """Share of a rectangle (px of level 0) that lies inside."""
        box = shapely.box(*xyxy)
        return float(self.area.intersection(box).area / box.area) if box.area > 0 and self.area.intersects(box) else 0.0


def read_roi(path: str | Path, slide: 'Slide', offset: bool = True) -> 'Roi':
    """Reads the regions drawn in QuPath: rectangles, ellipses, polygons, brushes, with holes.

    QuPath crops a slide that states bounds (MRXS), so its coordinates start at the bounds' corner, which is added.

    Args:
        path: GeoJSON: a FeatureCollection, a list of features, one feature, or a geometry.
        slide: The ``Slide`` it was drawn on.
        offset: Add the corner of ``slide.bounds``. False for coordinates that count from the whole slide's corner.

    Returns:
        Roi

    Raises:
        ValueError: Unreadable, no GeoJSON, no region with an area (points or lines only), or all outside the slide.
    """
    shift = tuple(slide.bounds[:2]) if offset and slide.bounds else (0, 0)
    features, areas = _features(read_json(path), path), []
    kinds = set()
    for number, feature in enumerate(features, start=1):
        geometry, properties = feature.get('geometry'), feature.get('properties')
        properties = properties if isinstance(properties, dict) else {}
        if properties.get('objectType') in _NO_REGIONS or _class_of(properties) == _IGNORED:
            kinds.add(str(properties.get('objectType', 'ignored region')))
            continue
        shape = _geometry(geometry, f'{path}: feature {number}')
        kinds.add(shape.geom_type)
        valid = [shapely.make_valid(part) for part in getattr(shape, 'geoms', [shape])]
        areas += [part for part in shapely.get_parts(valid).tolist() if part.geom_type in ('Polygon', 'MultiPolygon') and part.area > 0]
    if not areas:
        held = f'it holds {", ".join(sorted(kinds))} only' if kinds else 'it is empty'
        raise ValueError(f'{path}: has no region with an area ({held}). Draw a rectangle, ellipse or polygon in QuPath and '
                         f'export it as GeoJSON')
    whole = shapely.union_all(areas)
    whole = shapely.transform(whole, lambda points: points + shift)
    inside = whole.intersection(shapely.box(0, 0, *slide.size))
    if inside.area <= 0:
        x1, y1, x2, y2 = whole.bounds
        raise ValueError(f'{path}: its regions ({x1:.0f}, {y1:.0f} to {x2:.0f}, {y2:.0f}) lie outside the slide {slide.path.name}, '
                         f'{slide.size[0]} x {slide.size[1]} px. Give the file drawn on this slide')
    return Roi(inside, str(path), shift)


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


def _geometry(geometry, where):
    """A shapely geometry of what the file says, or one clear error."""
    try:
        with np.errstate(invalid='ignore'):  # NaN is told below
            shape = shapely.geometry.shape(geometry)
        if not np.isfinite(shapely.get_coordinates(shape)).all():  # bounds leave NaN out
            raise ValueError('its coordinates are not finite')
    except (TypeError, KeyError, ValueError, IndexError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        raise ValueError(f'{where} has no usable geometry ({str(geometry)[:60]}). Export it again from QuPath') from error
    return shape
