"""JSON written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from mitos_mmdet.core.files import replacing


def write_json(content: Any, path: Path | str) -> None:
    """Writes ``content`` as JSON, whole or not at all, as :func:`mitos_mmdet.core.files.replacing` does.

    Raises:
        ValueError: It cannot be written; the message names the file.
    """
    with replacing(path) as file:
        json.dump(content, file)
