"""Names that come out of files: whether one may become part of a path, and how it is shown."""

import hashlib
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

_LONGEST = 255  # bytes of one part of a path, on every common file system
# Control characters, and those that turn the direction of the text around them.
_UNPRINTABLE = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')


def name_fault(name: Any) -> str | None:
    """What makes a name unfit to be part of a path below a folder, as ``'leads out of its folder'``; None if nothing does.

    ``a/b.png`` is fit. Unfit is what is no text, empty, absolute (also as Windows writes it), has ``.`` or ``..`` for a part, holds
    control characters, is no valid Unicode, or has a part of more than 255 bytes.
    """
    if not isinstance(name, str) or not name:
        return 'is no file name'
    if _UNPRINTABLE.search(name):
        return 'holds control characters or broken Unicode'
    if name.startswith(('/', '\\')) or re.match('[A-Za-z]:', name):
        return 'is an absolute path'
    parts = re.split(r'[/\\]', name)
    if '..' in parts:
        return 'leads out of its folder'
    if '.' in parts or '' in parts:
        return 'has an empty part'
    if any(len(os.fsencode(part)) > _LONGEST for part in parts):
        return f'is longer than {_LONGEST} bytes'
    return None


def inside(folder: Path | str, name: Any, where: Path | str) -> Path:
    """``folder / name`` for a name that a file gave.

    Args:
        folder: Where it must stay.
        name: The name, also with folders of its own.
        where: The file it stands in, for the message.

    Raises:
        ValueError: The name is not fit (:func:`name_fault`).
    """
    fault = name_fault(name)
    if fault:
        raise ValueError(f'{where}: the name {printable(name)[:80]!r} {fault}. Rename it in that file')
    return Path(folder, name)


def as_spelled_there(path: Path | str) -> Path:
    """The path under which a file is there: accents are one character (NFC) or, from macOS, two (NFD)."""
    spellings = (Path(unicodedata.normalize(form, str(path))) for form in ('NFC', 'NFD'))
    return Path(path) if os.path.lexists(path) else next((other for other in spellings if os.path.lexists(other)), Path(path))


def fitted(name: str, suffix: str) -> str:
    """``name`` with ``suffix`` appended; where its last part then is longer than file systems take, its end is a hash of it."""
    folder, slash, last = name.rpartition('/')
    raw, room = last.encode(errors='surrogatepass'), _LONGEST - len(suffix)
    if len(raw) > room:
        digest = hashlib.sha256(raw).hexdigest()[:16]
        last = f'{raw[:room - 17].decode(errors="ignore")}~{digest}'
    return f'{folder}{slash}{last}{suffix}'


def without_unprintable(name: str) -> str:
    """A name for a new file: control characters and broken Unicode, which not every file system takes, become ``_``."""
    return _UNPRINTABLE.sub('_', name)


def printable(text: Any) -> str:
    """Text that a terminal, SVG or HTML may show: control characters and broken Unicode as ``\\x1b``."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode('unicode_escape').decode(), str(text))
