"""The one place where whatever reading an image can raise becomes a ``BrokenImageError``, and the limit of what is decoded at once."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

LIMIT_VARIABLE = 'MITOS_MAX_MPX'
_LONGEST_POINTER = 1024  # bytes, by Git LFS' specification
_LIMIT_MPX = 500.0  # Ours: 1.5 GB of RGB; a 2 mm2 region has 39 Mpx, 20,000 x 20,000 px are 400.


class BrokenImageError(ValueError):
    """An image that is missing, unreadable or damaged; the message names it and the fix."""


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Whatever goes wrong with one image inside is raised as ``BrokenImageError`` with its path.

    Decoders raise far more than ``OSError``: ``struct.error``, ``OverflowError``, ``ZeroDivisionError``, ``MemoryError``,
    ``RecursionError``, their own classes. None of them may end a run over many images.
    """
    try:
        yield
    except BrokenImageError:
        raise
    except MemoryError as error:
        raise BrokenImageError(f'{path}: needs more memory than there is. Cut it into smaller images, or write it as a tiled '
                               f'TIFF') from error
    except Exception as error:  # noqa: BLE001  a decoder may raise anything
        if 'MAX_TEXT_CHUNK' in str(error):
            raise BrokenImageError(f'{path}: carries more than a megabyte of text beside its pixels, which is not read. Export it without '
                                   f'metadata') from error
        words = ' '.join(str(error).split())[:160]
        reason = words if ' ' in words else 'it cannot be decoded'  # a word alone is a name out of the code
        raise BrokenImageError(f'{path}: the image is damaged ({reason}). Fetch or export it again') from error


def check_is_file(path: str | Path) -> None:
    """Refuses what could not be read, or only by waiting for ever (a pipe).

    Raises:
        BrokenImageError: Missing, a folder, a pipe or device, empty, not readable.
    """
    path = Path(path)
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        raise BrokenImageError(f'{path}: no such image. Check the path and the image folder (data_root)') from error
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        raise BrokenImageError(f'{path}: cannot be opened ({reason}). Check the path') from error
    if stat.S_ISDIR(status.st_mode):
        raise BrokenImageError(f'{path}: is a folder, not an image. Give the files in it')
    if not stat.S_ISREG(status.st_mode):
        raise BrokenImageError(f'{path}: is not an ordinary file (a pipe or a device). Give an image file')
    if status.st_size == 0:
        raise BrokenImageError(f'{path}: not a readable image (it is empty). Fetch or export it again')
    if not os.access(path, os.R_OK):
        raise BrokenImageError(f'{path}: cannot be opened (permission denied). Change its permissions')
    if status.st_size < _LONGEST_POINTER and path.read_bytes().startswith(b'version https://git-lfs'):
        raise BrokenImageError(f'{path}: is a pointer of Git LFS, not the image itself. Fetch it with git lfs pull')


def pixel_limit() -> float:
    """Most px decoded at once: 500 Mpx, or what the environment variable ``MITOS_MAX_MPX`` says in megapixels.

    Raises:
        ValueError: The variable is not a number above 0.
    """
    text = os.environ.get(LIMIT_VARIABLE, '')
    try:
        limit = float(text) if text else _LIMIT_MPX
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise ValueError(f'{LIMIT_VARIABLE}={text} (--max-mpx): must be a number of megapixels above 0, for example 2000')
    return limit * 1e6


def check_pixels(path: str | Path, width: int, height: int, what: str = 'the image') -> None:
    """Refuses to decode more than the limit at once.

    Raises:
        BrokenImageError: More; the message says how to raise the limit.
    """
    if width * height > pixel_limit():
        mpx = -(-width * height // 1_000_000)
        raise BrokenImageError(f'{path}: {what} decodes to {width} x {height} px, more than the limit of {pixel_limit() / 1e6:g} Mpx. If '
                               f'that is right, give --max-mpx {mpx} (or set {LIMIT_VARIABLE}={mpx}), or write it as a tiled TIFF')
