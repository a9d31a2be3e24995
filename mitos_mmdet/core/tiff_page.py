"""A page of a TIFF read by region: only the tiles or strips it touches are decoded."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mitos_mmdet.core import colours
from mitos_mmdet.core.image_errors import check_pixels

if TYPE_CHECKING:
    import tifffile

_CONTIGUOUS, _SEPARATE = 1, 2
_JPEG = (6, 7)


class SegmentCache:
    """The decoded tiles used last, up to a number of bytes; at least one. Shared by threads."""

    def __init__(self, most_bytes: int = 64_000_000):  # ours
        self._most, self._bytes, self._lock = most_bytes, 0, threading.Lock()
        self._held: OrderedDict[Hashable, np.ndarray] = OrderedDict()

    def get(self, key: Hashable) -> np.ndarray | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Hashable, pixels: np.ndarray) -> None:
        with self._lock:
            if key not in self._held:
                self._held[key] = pixels
                self._bytes += pixels.nbytes
            while self._bytes > self._most and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


class TiffPlane:
    """Pixels of one page.

    Args:
        page: tifffile's page, or a frame of it.
        bits: That are used of each sample; None: as the page says.

    Raises:
        ValueError: A layout that cannot be read; the message is the end of a sentence.
    """

    def __init__(self, page: Any, bits: int | None = None):
        self.page, self.key = page, page.keyframe
        key = self.key
        self.width, self.height = int(key.imagewidth), int(key.imagelength)
        if self.width < 1 or self.height < 1 or key.imagedepth != 1:
            raise ValueError(f'its page is {self.width} x {self.height} x {key.imagedepth} px')
        self.separate = key.planarconfig == _SEPARATE and key.samplesperpixel > 1
        stored = key.bitspersample
        if not isinstance(stored, int) or stored > 16 or key.sampleformat not in (1, None, 4):
            raise ValueError(f'its samples are {key.dtype} of {stored} bits, not 8- or 16-bit colours. Export it as 8-bit RGB')
        self.bits = bits or stored
        if key.photometric == colours.YCBCR and key.compression not in _JPEG:
            raise ValueError('it stores YCbCr without JPEG. Export it as RGB')
        self.tile_width = int(key.tilewidth) if key.is_tiled else self.width
        self.tile_height = int(key.tilelength) if key.is_tiled else min(int(key.rowsperstrip) or self.height, self.height)
        if self.tile_width < 1 or self.tile_height < 1:
            raise ValueError(f'its tiles are {self.tile_width} x {self.tile_height} px')
        self.across = -(-self.width // self.tile_width)
        self.down = -(-self.height // self.tile_height)
        expected = self.across * self.down * (key.samplesperpixel if self.separate else 1)
        # tifffile reads these at their first use, from a file that is closed by then: use them now.
        self._offsets, self._counts, self._tables = page.dataoffsets, page.databytecounts, page.jpegtables
        self._header, self._decode, self._byteorder = key.jpegheader, key.decode, key.parent.byteorder
        self._colormap = key.colormap if key.photometric == colours.PALETTE else None
        if len(self._offsets) < expected or len(self._counts) < expected:
            raise ValueError(f'its header announces {expected} tiles or strips and lists {len(self._offsets)}')
        extra = key.extrasamples or ()
        self.alpha = extra[0] if extra and extra[0] in (colours.ALPHA, colours.ASSOCIATED_ALPHA) else None
        self.raw = key.compression == 1 and key.predictor == 1 and key.fillorder == 1 and stored in (8, 16) and not key.is_subsampled

    def rgb(self, samples: np.ndarray) -> np.ndarray:
        """Decoded ``(h, w, s)`` as uint8 RGB."""
        return colours.to_rgb(samples, int(self.key.photometric), self.bits, self.alpha, self._colormap)

    def read(self, handle: 'tifffile.FileHandle', cache: SegmentCache, path: str | Path, x: int, y: int, width: int,
             height: int) -> np.ndarray:
        """uint8 ``(height, width, 3)`` RGB of a region inside the page."""
        out = np.empty((height, width, 3), np.uint8)
        for row in range(y // self.tile_height, -(-(y + height) // self.tile_height)):
            top = row * self.tile_height
            first, last = max(y, top), min(y + height, top + self.tile_height)
            for column in range(x // self.tile_width, -(-(x + width) // self.tile_width)):
                left = column * self.tile_width
                start, stop = max(x, left), min(x + width, left + self.tile_width)
                pixels = self._rows(handle, cache, path, row, column, first - top, last - top)
                out[first - y:last - y, start - x:stop - x] = pixels[:, start - left:stop - left]
        return out

    def _rows(self, handle, cache, path, row, column, first, last):
        """RGB of some rows of a tile; all of its columns that lie in the image (uncompressed: all)."""
        if self.raw:
            return self.rgb(self._samples(lambda index: self._raw_rows(handle, index, first, last), row, column))
        key = (self.page.offset, row, column)
        pixels = cache.get(key)
        if pixels is None:
            check_pixels(path, self.tile_width, self.tile_height, 'one of its tiles or strips')
            pixels = self.rgb(self._samples(lambda index: self._decoded(handle, index, row, column), row, column))
            cache.put(key, pixels)
        return pixels[first:last]

    def _samples(self, read, row, column):
        """``(h, w, s)`` of a tile; None of a missing one becomes blank."""
        index = row * self.across + column
        if not self.separate:
            return read(index)
        step = self.across * self.down
        return np.concatenate([read(index + plane * step) for plane in range(self.key.samplesperpixel)], axis=-1)

    def _bytes(self, handle, index):
        """Offset and byte count of a tile; a count of 0 where it was left out because nothing was scanned."""
        offset, count = int(self._offsets[index]), int(self._counts[index])
        if count and offset + count > handle.size:
            raise ValueError(f'it is truncated: {offset + count} bytes are announced, it has {handle.size}')
        return offset, count

    def _decoded(self, handle, index, row, column):
        offset, count = self._bytes(handle, index)
        width = min(self.tile_width, self.width - column * self.tile_width)
        height = min(self.tile_height, self.height - row * self.tile_height)
        if not count:
            return self._blank(width, height)
        handle.seek(offset)
        samples = self._decode(handle.read(count), index, jpegtables=self._tables, jpegheader=self._header)[0]
        samples = samples[0, :height, :width]
        if samples.shape[:2] != (height, width):
            raise ValueError(f'a tile holds {samples.shape[1]} x {samples.shape[0]} px, it must be {width} x {height}')
        return samples

    def _raw_rows(self, handle, index, first, last):
        offset, count = self._bytes(handle, index)
        if not count:
            return self._blank(self.tile_width, last - first)
        channels = 1 if self.separate else self.key.samplesperpixel
        kind = np.dtype(f'{self._byteorder}u{self.key.bitspersample // 8}')
        row_bytes = self.tile_width * channels * kind.itemsize
        if last * row_bytes > count:
            raise ValueError(f'it is truncated: a tile or strip has {count} bytes, {last * row_bytes} are needed')
        handle.seek(offset + first * row_bytes)
        samples = np.frombuffer(handle.read((last - first) * row_bytes), kind).reshape(last - first, self.tile_width, channels)
        return samples.astype(kind.newbyteorder('='), copy=False)

    def _blank(self, width, height):
        """Samples that become white."""
        if not self.key.is_tiled or self.key.photometric == colours.PALETTE:
            raise ValueError('a strip has no data')
        channels = 1 if self.separate else self.key.samplesperpixel
        dark = self.key.photometric in (colours.WHITE_IS_ZERO, colours.CMYK)
        return np.full((height, width, channels), 0 if dark else 2 ** self.bits - 1, np.uint16 if self.bits > 8 else np.uint8)
