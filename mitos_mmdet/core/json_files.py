"""JSON written whole or not at all."""

import json
import os
import tempfile
from pathlib import Path


def write_json(content, path):
    """Writes ``content`` as JSON, whole or not at all: into a file beside ``path`` that then takes its place.

    Raises:
        ValueError: The folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    except OSError as error:
        raise ValueError(f'{path.parent}: cannot be written ({error.strerror}). Choose another output folder') from error
    try:
        with os.fdopen(handle, 'w', encoding='utf-8') as file:
            json.dump(content, file)
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
