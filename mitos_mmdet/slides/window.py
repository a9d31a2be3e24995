"""The size of a counting window: area and aspect, a circle, or a number of high-power fields."""

import math

_FIELD_MM = 0.05, 5.0  # Ours: wide around any objective's; 550 is a diameter in um
SHAPES = ('rectangle', 'circle')


def window_size_um(area_mm2: float = 2.0, aspect: float = 4 / 3, shape: str = 'rectangle') -> tuple:
    """Width and height of a window of an area; of a circle both are its diameter.

    Args:
        area_mm2: 2.0 is the contests' (MIDOG).
        aspect: Width over height of a rectangle; 4:3 is MIDOG's. 2 mm2 are then 1633 x 1225 um.
        shape: ``'rectangle'`` or ``'circle'``.

    Returns:
        tuple: ``(width, height)`` um.

    Raises:
        ValueError: An area or aspect that is not positive, or another shape.
    """
    if shape not in SHAPES:
        raise ValueError(f"hotspot shape {shape!r} is unknown. Choose {' or '.join(SHAPES)}")
    for name, value in (('area', area_mm2), ('aspect', aspect)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f'hotspot {name} {value} must be above 0')
    if shape == 'circle':
        diameter = 2 * math.sqrt(area_mm2 / math.pi) * 1000
        return diameter, diameter
    height = math.sqrt(area_mm2 / aspect) * 1000
    return aspect * height, height


def fields_area_mm2(fields: float = 10, diameter_mm: float = 0.55) -> float:
    """Area of a number of high-power fields. A field alone is not an area: its diameter runs from 0.40 to 0.69 mm (Cree 2021).

    Raises:
        ValueError: Either is not positive, or the diameter is no field's in mm.
    """
    for name, value in (('number of fields', fields), ('field diameter', diameter_mm)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f'{name} {value} must be above 0')
    if not _FIELD_MM[0] <= diameter_mm <= _FIELD_MM[1]:
        raise ValueError(f'field diameter {diameter_mm:g} mm is not that of a high-power field. Give it in mm, for example 0.55')
    return fields * math.pi * (diameter_mm / 2)**2
