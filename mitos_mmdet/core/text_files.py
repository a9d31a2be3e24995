"""Text of a file that a user gives: UTF-8, with or without a byte order mark, plain or gzipped."""

import gzip
import zlib
from pathlib import Path

_GZIP, _UTF_16 = b'\x1f\x8b', (b'\xff\xfe', b'\xfe\xff')
GZ = '.gz'


def read_text(path: str | Path, fix: str = 'Write it again, or fetch it again') -> str:
    """The text of a file.

    Args:
        path: The file; gzipped where its first bytes say so, whatever its name.
        fix: What the user should do about an unreadable file, as a sentence without its full stop.

    Raises:
        ValueError: Not there, unreadable, damaged, or not UTF-8; one line that names the file.
    """
    data = _read_bytes(Path(path), fix)
    if data[:2] in _UTF_16 or b'\0' in data[:64]:
        raise ValueError(f'{path}: is UTF-16 text or no text at all. Save it as UTF-8' if data[:2] in _UTF_16 else
                         f'{path}: is no UTF-8 text (it holds zero bytes). Save it as UTF-8')
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: is no UTF-8 text (byte {error.start} is 0x{data[error.start]:02x}). Save it as UTF-8') from error


def without_gz(path: str | Path) -> Path:
    """The path as it would be called uncompressed: ``a.geojson.gz`` is ``a.geojson``."""
    path = Path(path)
    return path.with_suffix('') if path.suffix.lower() == GZ else path


def _read_bytes(path, fix):
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == _GZIP else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f'{path}: is damaged gzip data ({error}). {fix}') from error
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror or error}). {fix}') from error
    except MemoryError as error:
        raise ValueError(f'{path}: is too large for the memory. Split it') from error
