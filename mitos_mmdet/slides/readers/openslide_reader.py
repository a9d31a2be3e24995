"""SVS, NDPI, MRXS, SCN, BIF, DICOM and other scanners' files, by OpenSlide."""

import contextlib

import numpy as np

from mitos_mmdet.slides.slide import WHITE, Slide, SlideError

_MARGIN = 2  # px of a level: read more and cut, as OpenSlide blends at fractional borders.


class OpenSlideReader(Slide):
    """A slide that OpenSlide knows. Its handle may be shared by threads.

    Args:
        path: The file; of a multi-file slide (MRXS, DICOM), any that OpenSlide takes.
    """

    def __init__(self, path):
        openslide = import_openslide(path)
        self._errors = (openslide.OpenSlideError, OSError)
        try:
            self._handle = openslide.OpenSlide(str(path))
            properties = dict(self._handle.properties)
            sizes = list(self._handle.level_dimensions)
        except self._errors as error:
            raise SlideError(f'{path}: cannot be opened ({_reason(error)}). Fetch or export it again') from error
        super().__init__(path, sizes, um_per_px=_um_per_px(properties), bounds=_bounds(properties),
                         properties={**properties, 'vendor': properties.get('openslide.vendor', 'unknown')})
        self._coarse = self._handle.level_downsamples

    def close(self):
        self._handle.close()

    def _read_level(self, level, x, y, width, height):
        margin = _MARGIN if level else 0
        ratio = self._coarse[level]
        try:
            region = self._handle.read_region((round((x - margin) * ratio), round((y - margin) * ratio)), level,
                                              (width + 2 * margin, height + 2 * margin))
        except self._errors as error:
            raise SlideError(f'{self.path}: is damaged at {x}, {y} of level {level} ({_reason(error)}). Fetch or export it '
                             f'again') from error
        rgba = np.asarray(region)[margin:margin + height, margin:margin + width]
        return over_white(rgba)


def over_white(rgba):
    """uint8 ``(h, w, 4)``, alpha not multiplied in, laid over white: uint8 ``(h, w, 3)``."""
    alpha = rgba[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    wide = rgba[..., :3].astype(np.uint16) * alpha + (255 - alpha.astype(np.uint16)) * WHITE
    return ((wide + 127) // 255).astype(np.uint8)


def import_openslide(path):
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


def _bounds(properties):
    with contextlib.suppress(KeyError, ValueError):
        return tuple(int(properties[f'openslide.bounds-{key}']) for key in ('x', 'y', 'width', 'height'))
    return None


def _reason(error):
    return ' '.join(str(error).split()) or error.__class__.__name__
