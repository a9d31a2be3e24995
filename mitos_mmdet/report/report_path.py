"""Checks where a report is to be written, before anything is computed and without matplotlib."""

from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.core.outputs import check_output

PAGE_SUFFIXES = ('.html', '.htm')
PAGE_MARK = b'content="mitos_mmdet report"'  # stands at the top of every report


def check_report_path(path: str | Path, inputs: Sequence[str | Path | None] = (), flag: str = 'the report') -> Path:
    """Refuses a report that could not be written, or would replace an input.

    Args:
        path: Of the HTML file.
        inputs: Files and folders that the command reads.
        flag: What the message calls it.

    Returns:
        Path: The same.

    Raises:
        ValueError: Not a ``.html``, a folder, in a place where none can be made, an input.
    """
    check_output(flag, path, inputs, PAGE_MARK, PAGE_SUFFIXES)
    return Path(path)
