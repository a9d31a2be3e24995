"""Numbers as people write them."""

import math


def rounded(value: float | None, digits: int = 3) -> str:
    """A number of so many significant digits, thousands in groups; whole numbers whole; a dash for None."""
    if value is None:
        return '–'
    if isinstance(value, int):
        return f'{value:,}'
    return f'{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}' if value else '0'
