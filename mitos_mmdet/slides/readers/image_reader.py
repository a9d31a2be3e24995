"""PNG, JPEG, WebP, BMP and JPEG 2000: images that can only be decoded whole."""

from mitos_mmdet.images import BrokenImageError, read_header, read_rgb
from mitos_mmdet.slides.slide import Slide, SlideError


class ImageReader(Slide):
    """An ordinary image as a slide of one level. It is decoded once, at the first read."""

    def __init__(self, path):
        try:
            width, height, um_per_px = read_header(path)
        except BrokenImageError as error:
            raise SlideError(str(error)) from error
        super().__init__(path, [(width, height)], um_per_px=um_per_px, properties=dict(vendor='image'))
        self._pixels = None

    def close(self):
        self._pixels = None

    def _read_level(self, level, x, y, width, height):
        if self._pixels is None:
            try:
                self._pixels = read_rgb(self.path)
            except BrokenImageError as error:
                raise SlideError(str(error)) from error
        return self._pixels[y:y + height, x:x + width]
