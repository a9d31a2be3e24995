"""An output folder that one run at a time fills, and that a later run of the same settings completes."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mitos_mmdet.core.files import OutputError, is_file_of, lock, remove_drafts
from mitos_mmdet.core.json_files import write_json

LOCK = '.lock'
_MOST_ATTEMPTS = 100  # Ours: other runs may remove the folder or its lock as often while this one takes it.


class FolderInUseError(ValueError):
    """Another run is writing into the folder."""


@contextlib.contextmanager
def claimed(folder: Path | str, mark: str, settings: dict[str, Any], what: str) -> Iterator[Path]:
    """Claims a folder for this run: locked against others, marked with its settings, free of what killed runs left unfinished.

    A new folder in which a run fails before it has written anything disappears again.

    Args:
        folder: Made where it is not there.
        mark: Name of the JSON file in it that holds the settings, written first.
        settings: JSON content; a folder with other settings is refused.
        what: What it holds, for messages, such as ``'tiles'``.

    Raises:
        ValueError: Another run is at work there; it holds something else; it cannot be written.
    """
    folder = Path(folder)
    with locked(folder):
        _check_mark(folder, mark, settings, what)
        remove_drafts(folder)
        try:
            yield folder
        except BaseException:
            if {path for path in folder.rglob('*') if not path.is_dir()} <= {folder / mark, folder / LOCK}:
                (folder / mark).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[Path]:
    """Holds a folder against other runs; it is made, and if it is empty in the end removed. A killed run's lock is no obstacle.

    Raises:
        ValueError: Another run holds it, or it cannot be written.
    """
    folder = Path(folder)
    handle = _acquire(folder)
    try:
        yield folder
    finally:
        # Removed while it is held, so nobody else's is.
        (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)
        with contextlib.suppress(OSError):  # not empty, or another run that waited for it was faster
            for place in sorted((path for path in folder.rglob('*') if path.is_dir()), reverse=True) if _is_hollow(folder) else ():
                place.rmdir()
            folder.rmdir()


def _is_hollow(folder: Path) -> bool:
    """Whether a folder holds nothing but folders."""
    return all(path.is_dir() and not path.is_symlink() for path in folder.rglob('*'))


def _acquire(folder: Path) -> int:
    """The open and locked lock file."""
    path = folder / LOCK
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'{folder}: cannot be written, it is a file. Give a folder')
    try:
        for attempt in range(_MOST_ATTEMPTS):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            except (FileNotFoundError, FileExistsError):
                if attempt == _MOST_ATTEMPTS - 1:
                    raise
                continue  # another run, which had nothing to write, has just removed the folder
            held = lock(handle)
            if held is False:
                holder = os.read(handle, 200).decode(errors='replace').strip()
                os.close(handle)
                raise FolderInUseError(f'{folder}: another run is writing there ({holder or "just started"}). Wait until it has ended, '
                                       f'or choose another output folder')
            if is_file_of(handle, path):
                os.truncate(handle, 0)
                os.write(handle, f'process {os.getpid()} on {socket.gethostname()}'.encode())
                return handle
            os.close(handle)
    except OSError as error:
        raise OutputError(f'{folder}: cannot be written ({error.strerror}). Choose another output folder') from error
    raise OutputError(f'{folder}: cannot be locked, its lock is removed again and again. Choose another output folder')


def _check_mark(folder: Path, mark: str, settings: dict[str, Any], what: str) -> None:
    """Writes the mark into a new folder, or makes sure that the folder's is the same."""
    path = folder / mark
    if not path.exists():
        # A run that was killed in its first moment leaves drafts and a lock at most.
        foreign = next((entry for entry in folder.iterdir() if entry.name != LOCK and not entry.name.endswith('.part')), None)
        if foreign is not None:
            raise ValueError(f'{folder}: holds files that are not of this tool ({foreign.name}, no {mark}). Choose another output folder')
        write_json(settings, path)
        return
    try:
        found = dict(json.loads(path.read_text(encoding='utf-8')))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f'{path}: not the settings of {what} ({error}). Choose another output folder') from error
    now = json.loads(json.dumps(settings))
    differ = [f'{key} {found.get(key)} there, {now.get(key)} now' for key in sorted(found.keys() | now.keys())
              if found.get(key) != now.get(key)]
    if differ:
        raise ValueError(f"{folder}: holds {what} of other settings ({'; '.join(differ)}). Choose another output folder")
