"""The one reader of JSON that a user gives."""

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

from mitos_mmdet.core.text_files import read_text

# No float is larger; a JSON integer may be.
_LARGEST = 1.7976931348623157e308


def read_json(path: str | Path, fix: str = 'Write it again, or fetch it again', decimals: bool = False) -> Any:
    """JSON content of a file: UTF-8 with or without a byte order mark, also gzipped.

    NaN and Infinity, which Python and others write, are read as floats: whoever uses the number checks it (``is_number``).

    Args:
        path: The file.
        fix: What the user should do about an unreadable file, as a sentence without its full stop.
        decimals: Numbers with a point become ``Decimal``, as they stand there.

    Raises:
        ValueError: Unreadable, not JSON, nested too deep, or a key twice in one object (of which JSON readers drop one in silence).
    """
    text = read_text(path, fix)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=Decimal if decimals else None)
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not JSON ({error}). {fix}') from error
    except RecursionError as error:
        raise ValueError(f'{path}: is nested too deep, as no tool writes JSON. {fix}') from error
    except ArithmeticError as error:  # as a Decimal
        raise ValueError(f'{path}: has a number with an exponent that no number has. {fix}') from error
    except ValueError as error:  # a key twice, or an integer of thousands of digits
        raise ValueError(f'{path}: {str(error).partition(";")[0]}. {fix}') from error


def _unique(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f'has {twice[:60]!r} twice in one object')
    return made


def is_number(value: Any) -> bool:
    """A finite JSON number, as float, int or ``Decimal``; true and false are none, nor is an integer that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return abs(value) <= _LARGEST if isinstance(value, int) else math.isfinite(value)
