"""The files in a folder at any depth, also below linked folders, each folder once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

_ARCHIVE_LITTER = '__MACOSX'  # what macOS adds to a zip archive


def walk_once(top: str | Path, onerror: Callable[[OSError], None] | None = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk`` that follows links and comes to each folder once, however links lead around; linked folders come last.

    Args:
        top: The folder. A link to a folder above it leads nowhere.
        onerror: Called with the error of a folder that cannot be read; None: such a folder is a ``ValueError``.

    Yields:
        tuple: ``(folder, names of folders in it, names of files in it)``, names sorted; folders that the caller removes are not entered.
    """
    seen, above = set(), set(map(str, Path(os.path.realpath(top)).parents))
    starts = [os.fspath(top)]
    for start in starts:  # grows meanwhile
        for parent, folders, files in os.walk(start, onerror=onerror or _refuse):
            real = os.path.realpath(parent)
            if real in seen or real in above:
                folders.clear()
                continue
            seen.add(real)
            folders.sort()
            yield parent, folders, sorted(files)
            starts += [path for path in (os.path.join(parent, name) for name in folders) if os.path.islink(path)]


def files_below(folder: str | Path) -> list[Path]:
    """All files, sorted, without hidden ones.

    Raises:
        ValueError: A folder cannot be read.
    """
    found = []
    for parent, folders, files in walk_once(folder):
        folders[:] = [name for name in folders if not name.startswith('.') and name != _ARCHIVE_LITTER]
        found += [path for path in (Path(parent, name) for name in files if not name.startswith('.')) if os.path.isfile(path)]
    return sorted(found)


def _refuse(error):
    raise ValueError(f'{error.filename}: cannot be read ({error.strerror}). Change its permissions, or leave it out') from error
