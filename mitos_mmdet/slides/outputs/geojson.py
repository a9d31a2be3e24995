"""Detections, hotspot and tissue as GeoJSON for QuPath 0.4 to 0.6, written feature by feature.

Each feature has an ``id``, ``objectType``, ``classification`` with name and colour, and ``measurements`` as one object (QuPath 0.4 on).
Points are annotations, which QuPath draws; tissue and hotspot are locked polygons of their own classes. Coordinates are px of level 0; of
a slide that states bounds (MRXS) QuPath shows only the bounds, so their corner is subtracted unless that is switched off. What was
subtracted stands in the member ``mitos`` of the collection, which QuPath does not look at.
"""

import itertools
import json
import math
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from mitos_mmdet.core.files import replacing
from mitos_mmdet.interchange.class_names import HOTSPOT, ROI, TISSUE
from mitos_mmdet.slides.outputs.palette import COLOURS

if TYPE_CHECKING:
    from mitos_mmdet.slides.detections import Detections
    from mitos_mmdet.slides.hotspot import Hotspot
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.slide import Slide
    from mitos_mmdet.slides.tissue import TissueMask

_OTHER = '#787878'
_CHUNK = 5_000


def bounds_offset(slide: 'Slide', offset: bool = True) -> tuple:
    """``(x, y)`` px of level 0 that GeoJSON coordinates lack: the corner of the slide's bounds, or ``(0, 0)``."""
    return tuple(slide.bounds[:2]) if offset and slide.bounds else (0, 0)


def write_geojson(path: str | Path, detections: 'Detections', shift: Sequence[float] = (0, 0), hotspot: 'Hotspot | None' = None,
                  tissue: 'TissueMask | None' = None, roi: 'Roi | None' = None) -> None:
    """Writes a FeatureCollection, whole or not at all, in memory that does not grow with the number of detections.

    Args:
        path: Where to.
        detections: A ``Detections``.
        shift: What is subtracted, from ``bounds_offset``.
        hotspot: A ``Hotspot`` (um), or None.
        tissue: A ``TissueMask``, or None.
        roi: A ``Roi``, or None.

    Raises:
        ValueError: It cannot be written; names the file.
    """
    about = dict(bounds_offset_subtracted=[int(value) for value in shift], um_per_px=list(detections.um_per_px),
                 coordinates='px of level 0 minus bounds_offset_subtracted')
    ids = _ids(Path(path).name)
    with replacing(path) as file:
        file.write(f'{{"type": "FeatureCollection", "mitos": {json.dumps(about)}, "features": [')
        comma = '\n'
        for text in _regions(detections.um_per_px, hotspot, tissue, roi, shift, ids):
            file.write(comma + text)
            comma = ',\n'
        for texts in _points(detections, shift, ids):
            file.write(comma + ',\n'.join(texts))
            comma = ',\n'
        file.write('\n]}\n')


def _regions(um_per_px, hotspot, tissue, roi, shift, ids):
    """The features of tissue, region and hotspot, as text."""
    if tissue is not None:
        for polygon in tissue.polygons():
            yield _region(polygon, TISSUE, {}, shift, ids)
    if roi is not None:
        for polygon in roi.polygons:
            yield _region(polygon, ROI, {}, shift, ids)
    if hotspot is not None:
        measured = {'Mitotic figures': hotspot.count, 'Area mm^2': round(hotspot.area_mm2, 6),
                    'Mitotic figures per mm^2': round(hotspot.count / hotspot.area_mm2, 6)}
        yield _region(hotspot_polygon(hotspot, um_per_px), HOTSPOT, measured, shift, ids)


def hotspot_polygon(hotspot: 'Hotspot', um_per_px: Sequence[float]) -> shapely.Polygon:
    """A ``Hotspot`` as a shapely ``Polygon`` in px of level 0; a circle by 128 corners."""
    x1, y1, x2, y2 = hotspot.x_um, hotspot.y_um, hotspot.x_um + hotspot.width_um, hotspot.y_um + hotspot.height_um
    outline = shapely.box(x1, y1, x2, y2)
    if hotspot.shape == 'circle':
        outline = shapely.Point((x1 + x2) / 2, (y1 + y2) / 2).buffer(hotspot.width_um / 2, quad_segs=32)
    return shapely.transform(outline, lambda points: points / np.asarray(um_per_px))


def _region(polygon, name, measurements, shift, ids):
    rings = [polygon.exterior, *polygon.interiors]
    coordinates = [np.round(np.asarray(ring.coords) - shift, 2).tolist() for ring in rings]
    return json.dumps(dict(type='Feature', id=next(ids), geometry=dict(type='Polygon', coordinates=coordinates), properties=dict(
        objectType='annotation', isLocked=True, name=name, classification=_class(name), measurements=measurements)))


def _points(detections, shift, ids):
    """Lists of features of some detections, as text."""
    classes = [json.dumps(_class(name)) for name in detections.classes]
    places = detections.points - np.asarray(shift)
    for start in range(0, len(detections), _CHUNK):
        part = slice(start, start + _CHUNK)
        more = [''] * len(places[part]) if detections.atypical is None else [
            '' if math.isnan(chance) else f', "atypical probability": {chance:.6f}' for chance in detections.atypical[part].tolist()]
        yield [f'{{"type": "Feature", "id": "{next(ids)}", "geometry": {{"type": "Point", "coordinates": [{x:.3f}, {y:.3f}]}}, '
               f'"properties": {{"objectType": "annotation", "classification": {classes[label]}, "measurements": '
               f'{{"score": {score:.6f}{extra}}}}}}}'
               for (x, y), score, label, extra in zip(places[part].tolist(), detections.scores[part].tolist(),
                                                      detections.labels[part].tolist(), more, strict=True)]


def _class(name):
    return dict(name=name, color=list(bytes.fromhex(COLOURS.get(name, _OTHER)[1:])))


def _ids(name):
    """UUIDs that are the same whenever a file of that name is written."""
    head = str(uuid.uuid5(uuid.NAMESPACE_URL, name))[:24]
    return (f'{head}{number:012x}' for number in itertools.count())
