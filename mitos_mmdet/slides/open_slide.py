"""``open_slide``: the right reader for a file, by its content."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from mitos_mmdet.core.image_errors import BrokenImageError, check_is_file
from mitos_mmdet.core.pixel_size import PLAUSIBLE_UM_PER_PX, plausible
from mitos_mmdet.core.slide_files import with_its_files
from mitos_mmdet.slides.multi_file import SCANNERS, check_is_no_slide_folder, refuse_parts
from mitos_mmdet.slides.readers.file_reader import FileReader
from mitos_mmdet.slides.readers.openslide_reader import OpenSlideReader, openslide_vendor
from mitos_mmdet.slides.slide import Slide, SlideError

__all__ = ['Slide', 'SlideError', 'open_slide']

_IMAGES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.jp2')  # what OpenSlide need not be asked about
_OWN = ('generic-tiff', )
_SAME = 0.01  # Ours: an override this near to the file's own value needs no warning.


def open_slide(path: str | Path, um_per_px: float | Sequence[float] | None = None) -> Slide:
    """Opens a slide or an image; no pixels are read.

    Args:
        path: SVS, NDPI, MRXS, SCN, BIF, DICOM, TIFF, OME-TIFF, PNG, JPEG, WebP, BMP or JPEG 2000.
        um_per_px: Overrides what the file says (with a warning and a note of the slide where they differ): a number or ``(x, y)``.

    Returns:
        Slide: A context manager.

    Raises:
        SlideError: Missing, empty, not a file, not a slide, damaged; an absurd ``um_per_px``; OpenSlide not installed.
    """
    path = Path(path)
    override = None if um_per_px is None else _checked(um_per_px, path)
    check_is_no_slide_folder(path)
    try:
        check_is_file(path)
    except BrokenImageError as error:
        raise SlideError(str(error)) from error
    slide = _reader(path)
    if slide.um_per_px is not None and not plausible(slide.um_per_px):
        slide.properties['implausible um_per_px'] = _words(slide.um_per_px)
        slide.um_per_px = None
    if override is not None:
        own = slide.um_per_px
        if own is not None and any(abs(mine - given) > _SAME * mine for mine, given in zip(own, override, strict=True)):
            slide.notes.append(f'{_words(override)} um/px as given is used, the file says {_words(own)}.')
            warnings.warn(f'{path}: {slide.notes[-1]}', stacklevel=2)
        slide.um_per_px = override
    return slide


def _words(um_per_px):
    return ' x '.join(dict.fromkeys(f'{side:g}' for side in um_per_px))


def _reader(path):
    """Scanners' own formats go to OpenSlide; plain and pyramidal TIFF, OME-TIFF and images to the reader that frames have."""
    if path.suffix.lower() in _IMAGES:
        return FileReader(path)
    at = with_its_files(path)
    vendor = openslide_vendor(at, needed=path.suffix.lower() in SCANNERS)
    if vendor and vendor not in _OWN:
        return OpenSlideReader(path, at)
    refuse_parts(path)
    return FileReader(path)


def _checked(um_per_px, path):
    try:
        sides = tuple(float(side) for side in um_per_px) if hasattr(um_per_px, '__iter__') else (float(um_per_px), ) * 2
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != 2 or not plausible(sides):
        low, high = PLAUSIBLE_UM_PER_PX
        raise SlideError(f'{path}: {um_per_px!r} um/px is not a microscope\'s: give a number from {low} to {high}, for example 0.25')
    return sides
