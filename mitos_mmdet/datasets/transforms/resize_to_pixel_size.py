"""``ResizeToPixelSize``: every image at the um/px that the network is trained at."""

import math
import warnings

import numpy as np
from mmdet.datasets.transforms import Resize
from mmdet.registry import TRANSFORMS
from PIL import Image

from mitos_mmdet.core.images import read_header
from mitos_mmdet.datasets.pixels import uint8_image


@TRANSFORMS.register_module()
class ResizeToPixelSize(Resize):
    """Resizes ``img``, boxes and masks by the image's ``um_per_px``, so that one model serves all scanners.

    Stands after the transforms that make boxes or masks, in training and in test pipelines alike; detections come back in px of the
    original. Filters as ``Slide.read`` has them: a Hamming window as wide as the factor where it shrinks, else bilinear.

    The image's um/px is that of the annotation file. mmdet's inferencer brings none: then it is the file's own, and an image without
    any keeps its size, with a warning.

    Args:
        um_per_px: Of the result.
        tolerance: Images whose um/px is this near already, as a share, stay as they are (ours).

    Raises:
        ValueError: ``um_per_px`` not above zero; an image of a dataset without um/px; one to resize that is not uint8.
    """

    def __init__(self, um_per_px: float, tolerance: float = 0.02):
        if not (isinstance(um_per_px, (int, float)) and 0 < um_per_px < math.inf):
            raise ValueError(f'um_per_px={um_per_px!r} of ResizeToPixelSize: give a number above zero, such as 0.25')
        super().__init__(scale_factor=1.0, keep_ratio=False)
        self.um_per_px = float(um_per_px)
        self.tolerance = tolerance

    def transform(self, results: dict) -> dict:
        """``results`` resized; ``scale_factor`` says by what, ``um_per_px`` stays that of the original."""
        own = self._own_um_per_px(results)
        if own is None or all(abs(side / self.um_per_px - 1) <= self.tolerance for side in own):
            results.setdefault('scale_factor', (1.0, 1.0))
            return results
        height, width = uint8_image(results, 'ResizeToPixelSize').shape[:2]
        self.scale = tuple(max(1, round(side * size / self.um_per_px)) for side, size in zip((width, height), own, strict=True))
        try:
            return super().transform(results)
        finally:
            self.scale = None

    def _resize_img(self, results):
        width, height = results['scale']
        image = results['img']
        shrinks = width < image.shape[1] or height < image.shape[0]
        kind = Image.Resampling.HAMMING if shrinks else Image.Resampling.BILINEAR
        results['img'] = np.array(Image.fromarray(image).resize((width, height), kind))
        results['img_shape'] = (height, width)
        results['scale_factor'] = (width / image.shape[1], height / image.shape[0])
        results['keep_ratio'] = False

    def _own_um_per_px(self, results):
        if results.get('broken'):
            return None
        if results.get('um_per_px'):
            return results['um_per_px']
        name = results.get('img_path') or 'the image'
        if 'um_per_px' in results:
            raise ValueError(f'{name}: has no um_per_px in the annotation file, which ResizeToPixelSize needs. Convert the dataset again '
                             f'with its um/px')
        own = read_header(results['img_path'])[2] if results.get('img_path') else None
        if own is None:
            warnings.warn(f'{name}: its um/px is not known, so it is taken as {self.um_per_px:g}. mitos detect --um-per-px can be told',
                          stacklevel=2)
        return own

    def __repr__(self):
        return f'{type(self).__name__}(um_per_px={self.um_per_px}, tolerance={self.tolerance})'
