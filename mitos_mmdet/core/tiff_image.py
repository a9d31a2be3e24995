"""TIFF, BigTIFF, OME-TIFF and ImageJ files: the image they hold, its pyramid and its pixel size."""

import contextlib
import logging
import threading
from pathlib import Path

import numpy as np
import tifffile

from mitos_mmdet.core import ome, pixel_size
from mitos_mmdet.core.image_errors import BrokenImageError, naming
from mitos_mmdet.core.orientation import TURNED, stored_region, turned
from mitos_mmdet.core.tiff_page import SegmentCache, TiffPlane

_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_REDUCED = 1
_COMPRESSED = 'its compression ({}) is not supported. Export it with LZW, Deflate or JPEG'


def tile_sizes(path: str | Path) -> list[tuple[int, int]]:
    """``(width, height)`` px of the tiles of every tiled page; empty of what is no TIFF or too damaged to tell."""
    try:
        with _quiet(), tifffile.TiffFile(path, _multifile=False) as file:
            keys = [page.keyframe for page in file.pages]
            return [(key.tilewidth, key.tilelength) for key in keys if key is not None and key.is_tiled]
    except Exception:  # noqa: BLE001  of a damaged file it raises everything
        return []


def is_tiff(path: str | Path) -> bool:
    """Whether a file starts as a TIFF does."""
    with naming(path), Path(path).open('rb') as file:
        return file.read(4) in _MAGIC


@contextlib.contextmanager
def _quiet():
    """What tifffile logs of damaged files while we read one is dropped: the one error of ours says it. Its other users' logs stay."""
    before, _reading.ours = getattr(_reading, 'ours', False), True
    try:
        yield
    finally:
        _reading.ours = before


_reading = threading.local()
logging.getLogger('tifffile').addFilter(lambda record: not getattr(_reading, 'ours', False))


class TiffImage:
    """The one image of a TIFF, read by region, with the reduced levels of a pyramid. Coordinates are those of the displayed image.

    A file handle is not for several threads: each opens the file for itself.

    Args:
        path: The file.

    Attributes:
        width, height: Px as displayed.
        um_per_px: ``(x, y)`` where the file states a plausible one, else None.
        bits: Per sample.
        levels: ``[(width, height), ...]``, finest first.

    Raises:
        BrokenImageError: Damaged, no single image, or a layout without a meaning as RGB.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._cache, self._local, self._lock = SegmentCache(), threading.local(), threading.Lock()
        self._handles: list[tifffile.FileHandle] = []
        try:
            # Other files of an OME set are never opened: their names stand in this one, and may lead anywhere.
            with naming(path), _quiet(), tifffile.TiffFile(self.path, _multifile=False) as file:
                self._describe(file)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Closes the file in every thread."""
        with self._lock:
            handles, self._handles = self._handles, []
        for handle in handles:
            handle.close()

    def read(self, level: int, x: int, y: int, width: int, height: int) -> np.ndarray:
        """uint8 ``(height, width, 3)`` RGB of a region inside a level.

        Raises:
            BrokenImageError: Damaged there.
        """
        with naming(self.path), _quiet():
            planes = self._planes[level]
            stored = stored_region(self._orientation, planes[0].width, planes[0].height, x, y, width, height)
            handle = self._handle()
            parts = [self._read_plane(plane, handle, stored) for plane in planes]
            pixels = parts[0] if len(parts) == 1 else np.stack([part[..., 0] for part in parts], axis=-1)
            return turned(pixels, self._orientation)

    def _read_plane(self, plane, handle, region):
        try:
            return plane.read(handle, self._cache, self.path, *region)
        except BrokenImageError:
            raise
        except ValueError as error:
            raise self._refusal(error) from error

    def _refusal(self, error):
        text = ' '.join(str(error).split())[:200]
        fix = '' if 'Export' in text else '. Fetch or export it again'
        return BrokenImageError(f'{self.path}: the image is damaged or not an RGB image: {text}{fix}' if fix else f'{self.path}: {text}')

    def _handle(self):
        """This thread's file handle."""
        handle = getattr(self._local, 'handle', None)
        if handle is None or handle.closed:
            handle = self._local.handle = tifffile.FileHandle(self.path)
            with self._lock:
                self._handles.append(handle)
        return handle

    def _describe(self, file):
        self._check_whole(file)
        series = [one for one in file.series if len(one.shape) >= 2]
        if not series:
            raise BrokenImageError(f'{self.path}: holds no image, perhaps because it is truncated. Fetch or export it again')
        main, first = series[0], series[0].keyframe
        self._check_single(series)
        try:
            self._planes = [self._planes_of(file, level, main) for level in main.levels if level.keyframe is not None]
            self._check_codec(first)
        except BrokenImageError:
            raise
        except NotImplementedError as error:
            raise BrokenImageError(f'{self.path}: {_COMPRESSED.format(first.compression)}') from error
        except ValueError as error:
            raise self._refusal(error) from error
        tags = first.tags
        self._orientation = int(tags.valueof(274, 1)) if tags.valueof(274, 1) in range(1, 9) else 1
        swaps = self._orientation in TURNED
        self.levels = [(planes[0].height, planes[0].width) if swaps else (planes[0].width, planes[0].height) for planes in self._planes]
        self.width, self.height = self.levels[0]
        self.bits = self._planes[0][0].bits
        sides = pixel_size.of_tiff(tags.valueof(282), tags.valueof(283), tags.valueof(296), first.description or '',
                                   file.ome_metadata if file.is_ome else None, file.imagej_metadata if file.is_imagej else None)
        self.um_per_px = sides[::-1] if sides and swaps else sides

    def _check_whole(self, file):
        """Refuses a file whose pages go on beyond its end: of a pyramid or a scanner's file, what is left may look like a whole one."""
        place = file.pages.next_page_offset
        if place is None:
            return
        file.filehandle.seek(place)
        following = int.from_bytes(file.filehandle.read(file.tiff.offsetsize), 'little' if file.byteorder == '<' else 'big')
        if following >= file.filehandle.size:
            raise BrokenImageError(f'{self.path}: is truncated: a page of it begins at byte {following}, and it has '
                                   f'{file.filehandle.size}. Fetch or export it again')

    def _check_single(self, series):
        """Refuses a file of several images of which none is marked as the main one."""
        width, height = series[0].keyframe.imagewidth, series[0].keyframe.imagelength
        for other in series[1:]:
            key = other.keyframe
            if key is not None and key.imagewidth * key.imagelength > width * height and not (key.subfiletype or 0) & _REDUCED:
                raise BrokenImageError(f'{self.path}: its first image, {width} x {height} px, is not its largest, {key.imagewidth} x '
                                       f'{key.imagelength} px. Export the one that is meant')

    def _planes_of(self, file, level, main):
        """The pages whose samples make the colours of a level: one, or three grey ones."""
        pages = [page for page in level.pages if page is not None]
        count = int(np.prod([size for size, axis in zip(level.shape, level.axes, strict=True) if axis not in 'YXS']))
        samples = level.keyframe.samplesperpixel
        if count == 1 or (count == samples and len(pages) == 1):
            return [TiffPlane(pages[0], _bits(file, level.keyframe))]
        if count == 3 and len(pages) == 3 and samples == 1 and 'C' in level.axes and _channels_are_rgb(file):
            return [TiffPlane(page, _bits(file, level.keyframe)) for page in pages]
        raise BrokenImageError(f'{self.path}: holds {count} images of one size (axes {main.axes}): a stack, or channels that are not the '
                               f'colours of an RGB image. Export it as 8-bit RGB')

    def _check_codec(self, page):
        """Finds out, without decoding, whether the pixels could be decoded."""
        try:
            decode = page.decode
        except (ValueError, NotImplementedError, ImportError) as error:
            raise BrokenImageError(f'{self.path}: {_COMPRESSED.format(page.compression)}') from error
        if getattr(decode, '__name__', '') == 'decode_raise_compression':
            raise BrokenImageError(f'{self.path}: {_COMPRESSED.format(page.compression)}')
        plane = self._planes[0][0]
        plane.rgb(np.zeros((1, 1, page.samplesperpixel), page.dtype))


def _channels_are_rgb(file):
    """Whether three grey channels are the colours of one image."""
    if file.is_ome:
        return ome.channels_are_rgb(file.ome_metadata)
    about = file.imagej_metadata if file.is_imagej else None
    return bool(about) and about.get('mode') in ('composite', 'color')


def _bits(file, page):
    """How many bits of each sample are used, where the file says fewer than it stores."""
    used = ome.significant_bits(file.ome_metadata) if file.is_ome else None
    return used if used and 8 <= used < page.bitspersample else None
