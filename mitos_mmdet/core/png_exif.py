"""A PNG's EXIF data, found without decoding its pixels."""

from pathlib import Path

_SIGNATURE_BYTES = 8
_CRC_BYTES = 4


def png_exif(path: str | Path) -> bytes:
    """The content of a PNG's ``eXIf`` chunk, which may lie before or after the pixels; empty where there is none.

    Pillow decodes the whole image to look behind the pixels. A damaged file gives what was found until then.
    """
    with Path(path).open('rb') as file:
        file.seek(_SIGNATURE_BYTES)
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], 'big'), head[4:]
            if kind == b'eXIf':
                return file.read(length)
            file.seek(length + _CRC_BYTES, 1)
    return b''
