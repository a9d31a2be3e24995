"""``RandomScanner``: blur, brightness, noise and compression, as scanners differ."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mitos_mmdet.datasets.frame_stain import happens
from mitos_mmdet.datasets.pixels import uint8_image


@TRANSFORMS.register_module()
class RandomScanner(BaseTransform):
    """Changes an image as another scanner would have: each change by itself, with its own probability. All defaults are ours.

    Args:
        blur: ``(probability, most)``: Gaussian blur of up to ``most`` px standard deviation, or, as often, sharpening.
        light: ``(probability, most)``: contrast and brightness by 1 +- ``most`` and 255 times +- half of it.
        noise: ``(probability, most)``: Gaussian noise of up to ``most`` grey levels.
        jpeg: ``(probability, lowest)``: JPEG at a quality from ``lowest`` to 95.

    Raises:
        ValueError: An image that is not uint8.
    """

    def __init__(self, blur: Sequence[float] = (0.3, 1.2), light: Sequence[float] = (0.5, 0.15), noise: Sequence[float] = (0.2, 6.0),
                 jpeg: Sequence[float] = (0.3, 50)):
        self.blur = blur
        self.light = light
        self.noise = noise
        self.jpeg = jpeg

    def transform(self, results: dict) -> dict:
        """``results`` with ``img`` uint8 ``(H, W, 3)`` changed; labels stay."""
        image = uint8_image(results, 'RandomScanner')
        if happens(self.blur[0]):
            image = _blur_or_sharpen(image, np.random.uniform(0.3, self.blur[1]))
        if happens(self.light[0]):
            contrast = np.random.uniform(1 - self.light[1], 1 + self.light[1])
            offset = 255 * np.random.uniform(-self.light[1], self.light[1]) / 2
            image = cv2.LUT(image, np.clip((np.arange(256) - 128) * contrast + 128 + offset, 0, 255).astype(np.uint8))
        if happens(self.noise[0]):
            noise = np.empty(image.shape, np.int16)
            cv2.setRNGSeed(np.random.randint(2 ** 31))  # mmengine seeds numpy, and not OpenCV
            cv2.randn(noise, 0, np.random.uniform(1, self.noise[1]))
            image = cv2.add(image, noise, dtype=cv2.CV_8U)
        if happens(self.jpeg[0]):
            quality = int(np.random.randint(self.jpeg[1], 96))
            image = cv2.imdecode(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
        results['img'] = image
        return results

    def __repr__(self):
        return f'{type(self).__name__}(blur={self.blur}, light={self.light}, noise={self.noise}, jpeg={self.jpeg})'


def _blur_or_sharpen(image, sigma):
    blurred = cv2.GaussianBlur(image, (0, 0), sigma)
    return blurred if happens(0.5) else cv2.addWeighted(image, 1.7, blurred, -0.7, 0)
