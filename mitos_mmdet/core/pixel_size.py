"""The pixel size that a file states: OME, ImageJ and scanner descriptions, TIFF resolution tags, PNG and JPEG density."""

import contextlib
import math
import re
from typing import Any
from xml.etree import ElementTree

# Beyond these, a resolution is a software's default (72 dpi is 353 um/px), not a microscope's (ours).
PLAUSIBLE_UM_PER_PX = (0.05, 10.0)
_MOST_UNEVEN = 2.0  # Ours: scanners' pixels are square to some per cent; a side of ten times the other is a slip in the file.
_UM = {'nm': 1e-3, 'um': 1.0, 'micron': 1.0, 'microns': 1.0, 'micrometer': 1.0, 'mm': 1e3, 'cm': 1e4, 'm': 1e6, 'inch': 25400.0,
       'in': 25400.0}
_UM_PER_TIFF_UNIT = {2: 25400.0, 3: 10000.0}  # ResolutionUnit: inch, centimetre
_MPP = re.compile(r'\bMPP\s*=\s*([0-9]*[.,]?[0-9]+(?:e[+-]?[0-9]+)?)', re.IGNORECASE)
_MOST_XML = 50_000_000  # Ours: characters; beyond, it is no description.


def plausible(sides: tuple | None) -> tuple | None:
    """Sides of a pixel in um, as ``(x, y)``, if a microscope may have them, else None."""
    low, high = PLAUSIBLE_UM_PER_PX
    if not sides or not all(math.isfinite(side) and low <= side <= high for side in sides):
        return None
    return sides if max(sides) <= _MOST_UNEVEN * min(sides) else None


def of_tiff(x_resolution: Any, y_resolution: Any, unit: int | None, description: str | None = '', ome: str | None = None,
            imagej: dict | None = None) -> tuple[float, float] | None:
    """um/px of a TIFF page, by the most explicit source: OME, ImageJ, ``MPP =`` of Aperio's description, resolution tags.

    Args:
        x_resolution, y_resolution: Px per unit: a number, ``(numerator, denominator)`` or None.
        unit: ResolutionUnit, None where the tag is missing (then inch, as TIFF says).
        description: ImageDescription.
        ome: OME-XML, or None.
        imagej: ImageJ's ``{key: value}``, or None.

    Returns:
        ``(x, y)``, or None.
    """
    if ome is not None:
        found = plausible(of_ome(ome))
        if found:
            return found
    per_unit = _UM_PER_TIFF_UNIT.get(2 if unit is None else unit)
    if imagej is not None:
        # ImageJ leaves ResolutionUnit at "none" and writes px per its own unit.
        own = _um_of(imagej.get('unit'))
        per_unit = own or per_unit
    stated = _MPP.search(description or '')
    if stated and imagej is None:
        value = _number(stated[1])
        if plausible((value, value)):
            return value, value
    sides = tuple(_quotient(per_unit, value) for value in (x_resolution, y_resolution))
    return plausible(sides)


def of_ome(text: str) -> tuple | None:
    """``PhysicalSizeX`` and ``Y`` of the first image of an OME-XML, in um; None without."""
    if len(text) > _MOST_XML or '<!ENTITY' in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None
    pixels = next((node for node in root.iter() if node.tag.rpartition('}')[2] == 'Pixels'), None)
    if pixels is None:
        return None
    sides = []
    for axis in 'XY':
        unit = _um_of(pixels.get(f'PhysicalSize{axis}Unit', 'um'))
        value = _number(pixels.get(f'PhysicalSize{axis}'))
        sides.append(value * unit if unit else math.nan)
    return tuple(sides) if all(math.isfinite(side) and side > 0 for side in sides) else None


def of_density(info: dict, exif: dict | None = None) -> tuple | None:
    """um/px by the density of an image that is no TIFF, or None.

    Args:
        info: Pillow's ``info``: JFIF's own number and unit, or ``dpi``.
        exif: ``{tag: value}``, looked at where there is no other.
    """
    unit, density = info.get('jfif_unit'), info.get('jfif_density')
    if unit == 2 and density:  # px per centimetre: exact, where Pillow's dpi is rounded
        return plausible(tuple(_quotient(10000.0, value) for value in density))
    dpi = info.get('dpi')
    with contextlib.suppress(TypeError):
        found = plausible(tuple(_quotient(25400.0, value) for value in dpi)) if dpi else None
        if found:
            return found
    exif = exif or {}
    per_unit = _UM_PER_TIFF_UNIT.get(exif.get(296, 2))
    return plausible(tuple(_quotient(per_unit, exif.get(tag)) for tag in (282, 283)))


def _um_of(unit):
    text = str(unit or '').strip().strip('\x00').lower()
    text = text.replace('\\u00b5', 'u').replace('\u00b5', 'u').replace('\u03bc', 'u').replace('\u00e2\u00b5', 'u')
    return _UM.get(text)


def _number(text):
    """Text as a number, also with a decimal comma; nan where it is none."""
    try:
        return float(text.replace(',', '.'))
    except (AttributeError, ValueError):
        return math.nan


def _quotient(unit, value):
    """``unit / value`` for a number or a fraction, nan where it has none."""
    try:
        if isinstance(value, (tuple, list)):
            value = value[0] / value[1]
        value = float(value)
        return unit / value if unit else math.nan
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, IndexError):
        return math.nan
