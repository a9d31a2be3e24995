"""Files written whole or not at all, whatever happens meanwhile: a kill, a full disk, another process."""

import contextlib
import errno
import hashlib
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from mitos_mmdet.core.names import printable

try:
    import fcntl
except ImportError:  # Windows: no locks, so drafts of killed runs stay
    fcntl = None  # type: ignore[assignment]

_DRAFT = '.part'
_LONGEST = 180  # bytes of a name that a draft's own name carries on; file systems take 255
_number = itertools.count()
# What is wrong with this one file's name or content; anything else that the system refuses concerns every file.
_OF_ONE_FILE = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR, None}


class OutputError(ValueError):
    """Nothing can be written there: no space, no permission, a lost disk. Ends a run, where a bad input file would be skipped."""


@contextlib.contextmanager
def draft(path: Path | str) -> Iterator[Path]:
    """A file of this call's own beside ``path``, to be written by its name; takes the place of ``path`` when the block ends well.

    Missing folders are made. What was written is on the disk (fsync) before it gets its name. A draft that a killed run left of the
    same file is taken over; that of a run which is alive is left alone.

    Raises:
        OutputError: The disk is full, the folder cannot be written, ...; names ``path``.
        ValueError: This file alone cannot be written, for example because of its name; names ``path``.
    """
    path = Path(path)
    with _named_errors(path):
        if path.exists() and not path.is_file():
            raise ValueError(f'{path}: is there and is no file, so it is not replaced. Choose another name')
        path.parent.mkdir(parents=True, exist_ok=True)
        name, handle = _own_draft(path)
    try:
        with _named_errors(path, name):
            yield name
            os.fsync(handle)
            os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            name.unlink()
        raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path | str, mode: str = 'w', newline: str | None = None) -> Iterator[IO[Any]]:
    """An open file whose content replaces ``path`` when the block ends well; text is UTF-8, broken Unicode in it is escaped. As
    :func:`draft`.

    Args:
        path: Where to.
        mode: ``'w'`` or ``'wb'``.
        newline: As of ``open``.
    """
    encoding, errors = (None, None) if 'b' in mode else ('utf-8', 'backslashreplace')
    with draft(path) as name, open(name, mode, encoding=encoding, errors=errors, newline=newline) as file:
        yield file


def remove_drafts(folder: Path | str) -> None:
    """Removes what killed runs had not finished anywhere below a folder; drafts of live processes stay."""
    for name in list(Path(folder).rglob(f'.*{_DRAFT}')):
        with contextlib.suppress(OSError):
            handle = os.open(name, os.O_RDWR | getattr(os, 'O_NONBLOCK', 0))
            if lock(handle):
                name.unlink()
            os.close(handle)


def is_regular(path: Path | str) -> bool:
    """Whether it is an ordinary file, or a link to one: not a folder, pipe or device, which would block or never end. False: absent."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _short(name: str) -> str:
    """The name, or where a draft's would get too long a hash of it."""
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:32]


def lock(handle: int) -> bool | None:
    """Locks an open file until it is closed: False where somebody else holds it, None where there are no locks on that system."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_file_of(handle: int, path: Path) -> bool:
    """Whether an open file is still the one of that name: who held its lock before may have renamed or removed it."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), os.stat(path))
    return False


def _own_draft(path: Path) -> tuple[Path, int]:
    """A draft's name, and the handle that holds its lock for as long as it is open."""
    stem = _short(path.name)
    for number in itertools.count():
        name = path.with_name(f'.{stem}.{number}{_DRAFT}')
        handle = os.open(name, os.O_RDWR | os.O_CREAT, 0o666)
        held = lock(handle)
        if held and is_file_of(handle, name):
            os.truncate(handle, 0)
            break
        os.close(handle)
        if held is None:
            name.unlink()
            name = path.with_name(f'.{stem}.{os.getpid()}-{next(_number)}{_DRAFT}')
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            break
    return name, handle


@contextlib.contextmanager
def _named_errors(path: Path, also: Path | None = None) -> Iterator[None]:
    """Errors of the system that name no file, or only the draft, name the file that was to be written."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise ValueError(f'{printable(path)}: cannot be written, its name is not text ({error.reason})') from error
    except OSError as error:
        if also is not None and error.filename is not None and str(error.filename) != str(also):
            raise  # of another file, which it names
        reason = error.strerror or error
        if error.errno in _OF_ONE_FILE:
            raise ValueError(f'{path}: cannot be written ({reason})') from error
        fix = 'Free some space, then run it again' if error.errno in (errno.ENOSPC, errno.EDQUOT) else 'Choose another output folder'
        raise OutputError(f'{path}: cannot be written ({reason}). {fix}') from error
