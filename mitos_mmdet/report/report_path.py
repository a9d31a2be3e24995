"""Where a report may go; looked at before anything is computed, so without matplotlib."""

import os
from pathlib import Path


def check_report_path(path):
    """Refuses a report that could not be written.

    Returns:
        Path: The same.

    Raises:
        ValueError: Not a ``.html``, a folder, or in a place where none can be made.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.html', '.htm'):
        raise ValueError(f'{path}: not a .html file. Give the report a name that ends in .html')
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir() or not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f'{path}: cannot be written there. Choose another place')
    return path
