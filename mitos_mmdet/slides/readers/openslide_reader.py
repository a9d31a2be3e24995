"""SVS, NDPI, MRXS, SCN, BIF, DICOM and other scanners' files, by OpenSlide."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from mitos_mmdet.core.colours import over_white
from mitos_mmdet.slides.readers.largest_tile import check_tiles
from mitos_mmdet.slides.slide import Slide, SlideError

_MARGIN = 2  # px of a level: read more and cut, as OpenSlide blends at fractional borders.
_MOST_SIDE = 2**31  # px; beyond, OpenSlide has computed a size from numbers that the file lacks
# OpenSlide's words for what a slide has, in ours.
_PLAIN = {
    "Can't find main image": 'it holds no brightfield scan, only fluorescence or an overview',
    'Slides with dissimilar main images are not supported': 'its regions were scanned with different objectives',
}


class OpenSlideReader(Slide):
    """A slide that OpenSlide knows. Its handle may be shared by threads.

    Args:
        path: The file; of a multi-file slide (MRXS, DICOM), any that OpenSlide takes.
        at: Where it lies, if elsewhere (a link whose other files lie at its target).
    """

    def __init__(self, path: str | Path, at: str | Path | None = None):
        openslide = import_openslide(path)
        try:
            self._handle = openslide.OpenSlide(str(at or path))
            properties = {key: self._handle.properties.get(key, '') for key in self._handle.properties}
            sizes = list(self._handle.level_dimensions)
            ratios = list(self._handle.level_downsamples)
            if not sizes or not all(1 <= side < _MOST_SIDE for size in sizes for side in size) or not min(ratios) > 0:
                raise ValueError('its levels have no sensible sizes')
            check_tiles(at or path, properties)
        except Exception as error:  # noqa: BLE001  of a damaged file its wrapper raises KeyError and others
            raise SlideError(f'{path}: OpenSlide {openslide.__library_version__} cannot open it ({_reason(error, at or path)}). Fetch it '
                             f'again; if other programs open it, export it there as pyramidal TIFF or OME-TIFF') from error
        super().__init__(path, sizes, um_per_px=_um_per_px(properties), bounds=_bounds(properties, sizes[0]),
                         properties={**properties, 'vendor': properties.get('openslide.vendor', 'unknown')}, downsamples=ratios)
        self._coarse = ratios
        self._scanned = False

    def close(self) -> None:
        self._handle.close()

    def thumbnail(self, max_side: int, region: Sequence[float] | None = None) -> np.ndarray:
        pixels = super().thumbnail(max_side, region)
        if region is None and not self._scanned:
            raise SlideError(f'{self.path}: nothing of it was scanned, or what was is damaged: it has no px but unscanned ones. Fetch or '
                             f'export it again')
        return pixels

    def _read_level(self, level, x, y, width, height):
        margin = _MARGIN if level else 0
        ratio = self._coarse[level]
        try:
            region = self._handle.read_region((round((x - margin) * ratio), round((y - margin) * ratio)), level,
                                              (width + 2 * margin, height + 2 * margin))
        except Exception as error:  # noqa: BLE001
            raise SlideError(f'{self.path}: is damaged at {x}, {y} of level {level} ({_reason(error, self.path)}). Fetch or export it '
                             f'again') from error
        rgba = np.asarray(region)[margin:margin + height, margin:margin + width]
        self._scanned = self._scanned or bool(rgba[..., 3].any())
        return np.ascontiguousarray(over_white(rgba[..., :3], rgba[..., 3]))


def openslide_vendor(path: Path, needed: bool) -> str | None:
    """Whose format a file has by OpenSlide, None if it does not know it.

    Args:
        path: The file.
        needed: No other reader reads such files: without OpenSlide it is an error; else None then.

    Raises:
        SlideError: Needed, and OpenSlide is not installed.
    """
    try:
        return import_openslide(path).OpenSlide.detect_format(str(path))
    except SlideError:
        if needed:
            raise
        return None


def import_openslide(path: str | Path) -> ModuleType:
    """The ``openslide`` package.

    Raises:
        SlideError: It is not installed.
    """
    try:
        import openslide
    except (ImportError, OSError) as error:
        raise SlideError(f"{path}: read by OpenSlide, which is not installed: pip install 'mitos_mmdet[wsi]'") from error
    return openslide


def _um_per_px(properties):
    with contextlib.suppress(KeyError, ValueError):
        return float(properties['openslide.mpp-x']), float(properties['openslide.mpp-y'])
    return None


def _bounds(properties, size):
    """``(x, y, width, height)`` of what was scanned, as far as it lies on the slide; None where that is nothing or not stated."""
    with contextlib.suppress(KeyError, ValueError):
        x, y, width, height = (int(properties[f'openslide.bounds-{key}']) for key in ('x', 'y', 'width', 'height'))
        left, top, right, bottom = max(0, x), max(0, y), min(size[0], x + width), min(size[1], y + height)
        return (left, top, right - left, bottom - top) if left < right and top < bottom else None
    return None


def _reason(error, path):
    text = ' '.join(str(error).replace(str(path), 'it').split()) or error.__class__.__name__
    return _PLAIN.get(text, text)
