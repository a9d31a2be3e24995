"""``summary.json``: what was found on a slide and how, for people and programs."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from mitos_mmdet.core.files import replacing


def write_summary(path: str | Path, summary: dict) -> None:
    """Writes a summary, whole or not at all. It is written last: where it is, the slide is finished.

    Args:
        path: Where to.
        summary: A dict; numpy numbers and arrays, paths, tuples and dataclasses become plain JSON, what is not finite becomes null.

    Raises:
        ValueError: It holds something else, or cannot be written; names the file.
    """
    try:
        text = json.dumps(plain(summary), indent=2, ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise ValueError(f'{path}: cannot be written as JSON ({error})') from error
    with replacing(path) as file:
        file.write(text + '\n')


def plain(value: Any) -> Any:
    """A value by the types of JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value
