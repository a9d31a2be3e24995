"""A file or folder that somebody gave, its JSON parsed once."""

import gzip
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from mitos_mmdet.contests.image_files import SUFFIXES as IMAGE_SUFFIXES
from mitos_mmdet.core.folders import files_below
from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.core.text_files import without_gz

_CHUNK = 4096
_NOT_YET_JSON = b'\xef\xbb\xbf\xfe\xff\0 \t\r\n'  # byte order marks, of UTF-16 too, which is then refused by name, and blanks
_IMAGES = (*IMAGE_SUFFIXES, '.svs', '.ndpi', '.scn', '.mrxs', '.vms', '.bif', '.dcm', '.jp2', '.webp')


class Source:
    """What recognising and reading a format look at.

    Args:
        path: A file or folder.
        truth: It holds the ground truth, not detections.

    Raises:
        ValueError: Nothing is there, or it is empty.
    """

    def __init__(self, path: str | Path, truth: bool = False):
        self.path, self.truth = Path(path), truth
        if not self.path.exists():
            raise ValueError(f'{path}: no such file or folder')
        if not self.path.is_dir() and not self.path.is_file():
            raise ValueError(f'{path}: is neither a file nor a folder')
        if self.path.is_file() and not self.path.stat().st_size and self.path.suffix != '.csv':
            raise ValueError(f'{path}: is empty. Write it again')

    @property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    @cached_property
    def head(self) -> bytes:
        """The first bytes of a file, unpacked where it is gzipped; of a folder none."""
        if self.is_folder:
            return b''
        try:
            with open(self.path, 'rb') as file:
                start = file.read(_CHUNK)
            if start[:2] != b'\x1f\x8b':
                return start
            with gzip.open(self.path) as file:
                return file.read(_CHUNK)
        except EOFError as error:
            raise ValueError(f'{self.path}: is damaged gzip data ({error}). Write it again') from error
        except OSError as error:
            raise ValueError(f'{self.path}: cannot be read ({error.strerror or error})') from error

    @cached_property
    def json(self) -> Any:
        """A file's JSON content, None for a folder and for what does not start like JSON.

        Raises:
            ValueError: It starts like JSON and is none.
        """
        return read_json(self.path) if self.head.lstrip(_NOT_YET_JSON)[:1] in (b'{', b'[') else None

    @cached_property
    def first_json(self) -> Any:
        """``json`` of a file; of a folder that of its first ``.json`` or ``.geojson``, None without one."""
        if not self.is_folder:
            return self.json
        first = next(iter(self.files('.json', '.geojson')), None)
        return None if first is None else read_json(first)

    def files(self, *suffixes: str) -> list[Path]:
        """A folder's files of these suffixes at any depth, sorted, without hidden ones; a file is its own only one.

        ``a.csv.gz`` counts as a ``.csv``.
        """
        return [path for path in self._all if without_gz(path).suffix.lower() in suffixes]

    def not_read(self, *suffixes: str) -> list[str]:
        """A note on the folder's files that are neither of these suffixes nor images; none where there are none."""
        others = Counter(without_gz(path).suffix.lower() or 'no suffix' for path in self._all
                         if without_gz(path).suffix.lower() not in (*suffixes, *_IMAGES))
        first = next((path for path in self._all if without_gz(path).suffix.lower() not in (*suffixes, *_IMAGES)), None)
        if not self.is_folder or first is None:
            return []
        kinds = ', '.join(f'{count} of {kind}' for kind, count in sorted(others.items()))
        return [f'{sum(others.values())} files in {self.path.name} are not read ({kinds}), for example {first.relative_to(self.path)}']

    @cached_property
    def _all(self):
        return files_below(self.path) if self.is_folder else [self.path]
