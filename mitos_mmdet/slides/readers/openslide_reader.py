"""SVS, NDPI, MRXS, SCN, BIF, DICOM and other scanners' files, by OpenSlide."""

import contextlib
from pathlib import Path
from types import ModuleType

import numpy as np

from mitos_mmdet.core.colours import over_white
from mitos_mmdet.slides.slide import Slide, SlideError

_MARGIN = 2  # px of a level: read more and cut, as OpenSlide blends at fractional borders.


class OpenSlideReader(Slide):
    """A slide that OpenSlide knows. Its handle may be shared by threads.

    Args:
        path: The file; of a multi-file slide (MRXS, DICOM), any that OpenSlide takes.
    """

    def __init__(self, path: str | Path):
        openslide = import_openslide(path)
        try:
            self._handle = openslide.OpenSlide(str(path))
            properties = {key: self._handle.properties.get(key, '') for key in self._handle.properties}
            sizes = list(self._handle.level_dimensions)
            ratios = list(self._handle.level_downsamples)
            if not sizes or min(min(size) for size in sizes) < 1 or min(ratios) <= 0:
                raise ValueError(f'its levels are {sizes}')
        except Exception as error:  # noqa: BLE001  of a damaged file its wrapper raises KeyError and others
            raise SlideError(f'{path}: cannot be opened ({_reason(error, path)}). Fetch or export it again') from error
        super().__init__(path, sizes, um_per_px=_um_per_px(properties), bounds=_bounds(properties),
                         properties={**properties, 'vendor': properties.get('openslide.vendor', 'unknown')})
        self._coarse = ratios

    def close(self) -> None:
        self._handle.close()

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
        return np.ascontiguousarray(over_white(rgba[..., :3], rgba[..., 3]))


_SCANNERS = ('.svs', '.ndpi', '.mrxs', '.scn', '.bif', '.dcm', '.vms', '.vmu', '.czi', '.svslide')  # what no other reader reads


def openslide_vendor(path: Path) -> str | None:
    """Whose format a file has by OpenSlide, None if it does not know it; without OpenSlide all but scanners' files are unknown.

    Raises:
        SlideError: A scanner's file, and OpenSlide is not installed.
    """
    try:
        return import_openslide(path).OpenSlide.detect_format(str(path))
    except SlideError:
        if path.suffix.lower() in _SCANNERS:
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


def _bounds(properties):
    with contextlib.suppress(KeyError, ValueError):
        return tuple(int(properties[f'openslide.bounds-{key}']) for key in ('x', 'y', 'width', 'height'))
    return None


def _reason(error, path):
    return ' '.join(str(error).replace(str(path), 'it').split()) or error.__class__.__name__
