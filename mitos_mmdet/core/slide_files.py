"""Which files make one slide: MIRAX (.mrxs and a folder), Hamamatsu VMS (a list and JPEGs), DICOM (a series)."""

import os
import re
from pathlib import Path

MIRAX, MIRAX_DATA = '.mrxs', 'Slidedat.ini'
_LISTS = ('.vms', '.vmu')
_LISTED = re.compile(r'^[^=\n]*(?:ImageFile|MapFile|OptimisationFile|MacroImage)[^=\n]*=(.+)$', re.MULTILINE)
_LONGEST_LIST = 1_000_000  # bytes, ours
_SERIES = re.compile(rb'\x20\x00\x0e\x00UI..([0-9.]+)', re.DOTALL)  # (0020,000E) SeriesInstanceUID, explicit value representation
_DICOM_HEAD = 65_536  # bytes, ours: it lies in the first few thousand


def is_mirax_folder(folder: str | os.PathLike) -> bool:
    """Whether a folder holds the data of a MIRAX slide."""
    return os.path.isfile(os.path.join(folder, MIRAX_DATA))


def with_its_files(path: Path) -> Path:
    """Where a file lies with the others that it needs: itself, or, of a link, its target."""
    return path.resolve() if os.path.islink(path) and not is_mirax_folder(path.with_suffix('')) else path


def listed_files(path: Path) -> set[Path]:
    """The files beside a ``.vms`` or ``.vmu`` file that it lists: the slide's pixels, as JPEG or NGR. Empty for all others."""
    if path.suffix.lower() not in _LISTS or not os.path.isfile(path):
        return set()
    try:
        with path.open('rb') as file:
            text = file.read(_LONGEST_LIST).decode('latin-1')
    except OSError:
        return set()
    return {path.with_name(name.strip()) for name in _LISTED.findall(text) if name.strip() not in ('', '.', '..') and '/' not in name}


def dicom_series(path: Path) -> str | None:
    """What the files of one DICOM slide have in common, by the file's content; None for all else, and for the index of a DICOM disk."""
    if path.name.upper() == 'DICOMDIR' or not os.path.isfile(path):  # a pipe would be waited for
        return None
    try:
        with path.open('rb') as file:
            head = file.read(132)
            found = _SERIES.search(file.read(_DICOM_HEAD)) if head[128:] == b'DICM' else None
    except OSError:
        return None
    return found and found[1].decode()
