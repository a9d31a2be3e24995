"""A file or folder that somebody gave, its JSON parsed once."""

import json
import sys
from decimal import Decimal
from functools import cached_property
from pathlib import Path

_CHUNK = 4096


class Source:
    """What recognising and reading a format look at.

    Args:
        path: A file or folder.
        truth: It holds the truth, not detections.

    Raises:
        ValueError: Nothing is there, or it is empty.
    """

    def __init__(self, path, truth=False):
        self.path, self.truth = Path(path), truth
        if not self.path.exists():
            raise ValueError(f'{path}: no such file or folder')
        if self.path.is_file() and not self.path.stat().st_size and self.path.suffix != '.csv':
            raise ValueError(f'{path}: is empty. Write it again')

    @property
    def is_folder(self):
        return self.path.is_dir()

    @cached_property
    def head(self):
        """The first bytes of a file; of a folder none."""
        if self.is_folder:
            return b''
        with open(self.path, 'rb') as file:
            return file.read(_CHUNK)

    @cached_property
    def json(self):
        """A file's JSON content, None for a folder and for what does not start like JSON.

        Raises:
            ValueError: It starts like JSON and is none.
        """
        return read_json(self.path) if self.head.lstrip(b'\xef\xbb\xbf \t\r\n')[:1] in (b'{', b'[') else None

    def files(self, *suffixes):
        """A folder's files of these suffixes at any depth, sorted, without hidden ones; a file is its own only one."""
        found = sorted(self.path.rglob('*')) if self.is_folder else [self.path]
        return [path for path in found if path.suffix.lower() in suffixes and path.is_file()
                and not any(part.startswith('.') for part in path.relative_to(self.path).parts)]


def read_json(path, decimals=False):
    """JSON content.

    Args:
        path: The file.
        decimals: Numbers with a point become ``Decimal``, as they stand there.

    Raises:
        ValueError: Unreadable, not JSON, or a key twice in one object (of which JSON readers drop one in silence).
    """
    def unique(pairs):
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            raise ValueError(f'{path}: has {next(key for key in keys if keys.count(key) > 1)!r} twice in one object. Take one of them out')
        return made
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror})') from error
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: not a text file') from error
    try:
        return json.loads(text, object_pairs_hook=unique, parse_float=Decimal if decimals else None)
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not JSON ({error}). Write it again, or fetch it again') from error
    except RecursionError as error:
        raise ValueError(f'{path}: not JSON that any tool writes (nested too deep)') from error


def is_number(value):
    """A JSON number, as float, int or ``Decimal``; true and false are none, nor is an integer that no float can hold."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and not (
        isinstance(value, int) and abs(value) > sys.float_info.max)
