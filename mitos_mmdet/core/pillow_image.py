"""PNG, JPEG, WebP, BMP, GIF, JPEG 2000: images that Pillow decodes whole."""

import contextlib
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from mitos_mmdet.core import pixel_size
from mitos_mmdet.core.colours import over_white
from mitos_mmdet.core.image_errors import BrokenImageError, check_is_file, check_pixels, naming
from mitos_mmdet.core.orientation import TURNED
from mitos_mmdet.core.png_exif import png_exif

_ORIENTATION = 0x0112
_TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90}
_STRIP = 256  # rows, ours
_PICTURES_OF_ONE = ('MPO', )  # a photograph and its previews: the first is the image


class PillowImage:
    """An image that is decoded at the first read. Coordinates are those of the displayed (EXIF-rotated) image.

    Decoded, it is kept as Pillow has it, and regions become RGB as they are read: a copy of the whole as an array would nearly double
    the memory.

    Attributes:
        width, height: Px as displayed.
        um_per_px: ``(x, y)`` by the stored density where plausible, else None.
        bits: Per sample.
        levels: ``[(width, height)]``.
    """

    def __init__(self, path: str | Path):
        check_is_file(path)
        self.path = path
        self._decoded: Image.Image | None = None
        self._lock = threading.Lock()
        with self._opened() as (image, orientation):
            self.bits = 16 if image.mode.startswith('I') else 8
            self.width, self.height = image.size[::-1] if orientation in TURNED else image.size
            sides = pixel_size.of_density(image.info, _exif(image))
            self.um_per_px = sides[::-1] if sides and orientation in TURNED else sides
        self.levels = [(self.width, self.height)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._decoded = None

    def read(self, level: int, x: int, y: int, width: int, height: int) -> np.ndarray:
        """uint8 ``(height, width, 3)`` RGB of a region inside the image."""
        with self._lock:
            if self._decoded is None:
                self._decoded = self._decode()
            decoded = self._decoded
        with naming(self.path):
            return _to_rgb(decoded.crop((x, y, x + width, y + height)))

    def read_all(self) -> np.ndarray:
        """uint8 ``(H, W, 3)`` RGB; made strip by strip, as Pillow's own conversion of a whole image holds four copies of it."""
        pixels = np.empty((self.height, self.width, 3), np.uint8)
        for top in range(0, self.height, _STRIP):
            rows = min(_STRIP, self.height - top)
            pixels[top:top + rows] = self.read(0, 0, top, self.width, rows)
        return pixels

    def _decode(self):
        with self._opened() as (image, orientation):
            check_pixels(self.path, *image.size)
            image.load()
            if image.mode == 'I' and image.format == 'PNG':  # 16 bits, by older Pillow
                image = image.convert('I;16')
            if image.mode in ('I', 'F'):
                raise BrokenImageError(f'{self.path}: its samples are 32-bit numbers, not colours. Export it as 8-bit RGB')
            return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image

    @contextlib.contextmanager
    def _opened(self):
        """``(image, orientation)``."""
        with naming(self.path), _large_allowed():
            try:
                image = Image.open(self.path)
            except Image.UnidentifiedImageError as error:
                raise BrokenImageError(f'{self.path}: not a readable image (its content is of no known format). Fetch or export it '
                                       f'again') from error
            with image:
                if getattr(image, 'n_frames', 1) > 1 and image.format not in _PICTURES_OF_ONE:
                    raise BrokenImageError(f'{self.path}: holds {image.n_frames} images (an animation or a stack). Export the one '
                                           f'that is meant')
                yield image, _exif(image).get(_ORIENTATION, 1)


def _to_rgb(image):
    if image.mode.startswith('I;16'):
        grey = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    if image.mode in ('RGBA', 'LA', 'PA', 'RGBa', 'La') or 'transparency' in image.info:
        rgba = np.asarray(image.convert('RGBA'))
        return np.ascontiguousarray(over_white(rgba[..., :3], rgba[..., 3]))
    return np.array(image if image.mode == 'RGB' else image.convert('RGB'))


def _exif(image):
    try:
        if image.format != 'PNG' or 'exif' in image.info:
            return dict(image.getexif())
        if late := png_exif(image.filename):
            image.info['exif'] = late
        return dict(Image.Image.getexif(image))  # a PNG's own decodes the image to look behind the pixels
    except Exception:  # noqa: BLE001  damaged EXIF is no reason to refuse the pixels
        return {}


_users = threading.Lock()
_state = dict(count=0, limit=None)


@contextlib.contextmanager
def _large_allowed():
    """Lifts Pillow's guard against large images while one is read (``check_pixels`` stands in), and sets it again."""
    with _users:
        if _state['count'] == 0:
            _state['limit'], Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _state['count'] += 1
    try:
        yield
    finally:
        with _users:
            _state['count'] -= 1
            if _state['count'] == 0:
                Image.MAX_IMAGE_PIXELS = _state['limit']
