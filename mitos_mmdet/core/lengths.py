"""Lengths that carry their unit: ``'7.5um'``, ``'8um'``, ``'30px'``.

A radius of 30 px is 7.5 um on one scanner and 6.8 um on another, so a bare number is refused everywhere.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LENGTH = re.compile(r'^\s*([0-9]*\.?[0-9]+)\s*(um|µm|μm|px)\s*$')
LEAST_UM_PER_PX, MOST_UM_PER_PX = 0.005, 100  # ours, far beyond what is used: electron microscopes, and overviews of a slide


@dataclass(frozen=True)
class Length:
    """A positive length.

    Attributes:
        value: The number, > 0.
        unit: ``'um'`` or ``'px'``.
    """

    value: float
    unit: str

    @classmethod
    def parse(cls, text: 'str | Length') -> 'Length':
        """Reads ``'7.5um'`` or ``'30px'``; a ``Length`` passes through.

        Raises:
            ValueError: Where the unit is missing or unknown, or the number is not above zero.
        """
        if isinstance(text, cls):
            return text
        found = _LENGTH.match(text) if isinstance(text, str) else None
        if found is None or float(found[1]) <= 0:
            raise ValueError(f"not a length: {text!r}. Write a number above zero and its unit, for example '7.5um' or '30px'")
        return cls(float(found[1]), 'px' if found[2] == 'px' else 'um')

    def to_px(self, um_per_px: Sequence[float] | None = None, where: str | Path = 'the image') -> tuple[float, float]:
        """The length in pixels along x and along y.

        Args:
            um_per_px: ``(x, y)`` pixel size in um, or None where it is unknown. Unused for a length in px.
            where: What an error names, usually the image's file.

        Returns:
            tuple[float, float]: Pixels along x, pixels along y (scanners need not have square pixels).

        Raises:
            ValueError: A length in um without a valid pixel size.
        """
        if self.unit == 'px':
            return self.value, self.value
        x, y = check_um_per_px(um_per_px, where, needed_for=str(self))
        return self.value / x, self.value / y

    def __str__(self) -> str:
        return f'{self.value:g}{self.unit}'


def check_um_per_px(um_per_px: Sequence[float] | None, where: str | Path, needed_for: str = 'a length in um') -> tuple[float, float]:
    """``um_per_px`` as two floats ``(x, y)``.

    Raises:
        ValueError: It is missing, not two numbers, or not positive and finite.
    """
    try:
        x, y = (float(value) for value in (() if um_per_px is None else um_per_px))
    except (TypeError, ValueError, OverflowError):
        x = y = math.nan
    if not (0 < x < math.inf and 0 < y < math.inf):
        raise ValueError(f"{where} has no usable pixel size (um_per_px={um_per_px!r}), which {needed_for} needs: give "
                         f"um_per_px [x, y] in the annotation file, or --um-per-px where the command has it, or use a length in px")
    if not all(LEAST_UM_PER_PX < side < MOST_UM_PER_PX for side in (x, y)):
        raise ValueError(f'{where} has a pixel size of {x:g} x {y:g} um, which no microscope gives: nm or mm perhaps. Write um per px')
    return x, y
