"""``open_slide``: the right reader for a file, by its content."""

import math
import os
import stat
import warnings
from pathlib import Path

from mitos_mmdet.slides.readers.image_reader import ImageReader
from mitos_mmdet.slides.readers.openslide_reader import OpenSlideReader, import_openslide
from mitos_mmdet.slides.slide import Slide, SlideError

__all__ = ['Slide', 'SlideError', 'open_slide']

# Ours: no light microscope's scanner lies beyond. A stored value beyond is a default of software (72 dpi is 353 um/px).
PLAUSIBLE_UM_PER_PX = (0.05, 10.0)
_IMAGES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.jp2')
_SAME = 0.01  # Ours: an override this near to the file's own value needs no warning.


def open_slide(path, um_per_px=None):
    """Opens a slide or an image; no pixels are read.

    Args:
        path: SVS, NDPI, MRXS, SCN, BIF, DICOM, TIFF, OME-TIFF, PNG, JPEG, WebP, BMP or JPEG 2000.
        um_per_px: Overrides what the file says (with a warning where they differ): a number or ``(x, y)``.

    Returns:
        Slide: A context manager.

    Raises:
        SlideError: Missing, empty, not a file, not a slide, damaged; an absurd ``um_per_px``; OpenSlide not installed.
    """
    path = Path(path)
    override = None if um_per_px is None else _checked(um_per_px, path)
    _check_is_file(path)
    slide = _reader(path)
    if slide.um_per_px is not None and not _plausible(slide.um_per_px):
        slide.properties['implausible um_per_px'] = f'{slide.um_per_px[0]:g}'
        slide.um_per_px = None
    if override is not None:
        own = slide.um_per_px
        if own is not None and any(abs(mine - given) > _SAME * mine for mine, given in zip(own, override, strict=True)):
            warnings.warn(f'{path}: {override[0]:g} um/px as given is used, the file says {own[0]:g}', stacklevel=2)
        slide.um_per_px = override
    return slide


def _reader(path):
    if path.suffix.lower() not in _IMAGES and import_openslide(path).OpenSlide.detect_format(str(path)):
        return OpenSlideReader(path)
    return ImageReader(path)


def _checked(um_per_px, path):
    try:
        sides = tuple(float(side) for side in um_per_px) if hasattr(um_per_px, '__iter__') else (float(um_per_px), ) * 2
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != 2 or not _plausible(sides):
        low, high = PLAUSIBLE_UM_PER_PX
        raise SlideError(f'{path}: {um_per_px} um/px is not a microscope\'s: give a number from {low} to {high}, for example 0.25')
    return sides


def _plausible(sides):
    low, high = PLAUSIBLE_UM_PER_PX
    return all(math.isfinite(side) and low <= side <= high for side in sides)


def _check_is_file(path):
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = 'no such file' if isinstance(error, FileNotFoundError) else getattr(error, 'strerror', None) or str(error)
        raise SlideError(f'{path}: cannot be opened ({reason}). Check the path') from error
    if stat.S_ISDIR(status.st_mode):
        raise SlideError(f'{path}: is a folder, not a slide. Give the slide files in it')
    if not stat.S_ISREG(status.st_mode):
        raise SlideError(f'{path}: is not an ordinary file (a pipe or a device). Give a slide file')
    if status.st_size == 0:
        raise SlideError(f'{path}: is empty. Fetch or export it again')
    if not os.access(path, os.R_OK):
        raise SlideError(f'{path}: must not be read (permission denied). Change its permissions')
