"""What turns stain into pixels: stain vectors, light, optics and compression of each scanner of the sample."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage


@dataclass(frozen=True)
class Scanner:
    """A scanner and the laboratory it stands in.

    The vectors are optical densities (natural logarithm) of R, G, B at concentration 1; all values are ours, set by eye and by
    the mean colours of public frames of the scanner's make.
    """

    name: str
    um_per_px: float
    haematoxylin: tuple
    eosin: tuple
    white: tuple
    blur_um: float
    sharpening: float
    noise: float
    jpeg_quality: int


SCANNERS = (
    Scanner('Hamamatsu XR', 0.23, (0.43, 0.81, 0.40), (0.11, 0.91, 0.40), (0.985, 0.925, 0.965), 0.15, 0.9, 1.6, 85),
    Scanner('Hamamatsu S360', 0.23, (0.55, 0.76, 0.34), (0.09, 0.86, 0.33), (0.955, 0.945, 0.960), 0.18, 0.6, 2.2, 85),
    Scanner('Aperio CS2', 0.25, (0.43, 0.75, 0.50), (0.10, 0.79, 0.56), (0.960, 0.950, 0.950), 0.16, 1.0, 1.8, 78),
    Scanner('3D Histech', 0.25, (0.56, 0.73, 0.36), (0.12, 0.82, 0.30), (0.945, 0.955, 0.970), 0.20, 0.6, 2.4, 82),
)


def expose(haematoxylin: np.ndarray, eosin: np.ndarray, defocus: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """The picture of a stained section.

    Args:
        haematoxylin: Concentration ``(H, W)`` float32, 1 being an ordinary nucleus.
        eosin: Likewise; 1 is dense collagen.
        defocus: 0 (sharp) to 1 (well out of focus), ``(H, W)``.
        scanner: The :class:`Scanner`.
        rng: The frame's generator: staining differs a little from slide to slide.

    Returns:
        np.ndarray: uint8 ``(H, W, 3)`` RGB.
    """
    strength = rng.uniform(0.88, 1.12, 2)
    stains = np.array([scanner.haematoxylin, scanner.eosin]) + rng.normal(0, 0.012, (2, 3))
    vectors = stains.astype(np.float32) * strength[:, None].astype(np.float32)
    sigma_px = scanner.blur_um / scanner.um_per_px
    channels = []
    for channel in range(3):
        # Beer-Lambert: densities add, light multiplies. All that follows happens to light, as in a microscope.
        light = np.exp(-(haematoxylin * vectors[0, channel] + eosin * vectors[1, channel]))
        sharp = ndimage.gaussian_filter(light, sigma_px)
        sharp += scanner.sharpening * (sharp - ndimage.gaussian_filter(sharp, 2 * sigma_px))
        if defocus.any():
            sharp = _blend(sharp, light, defocus, scanner.um_per_px)
        channels.append(255 * scanner.white[channel] * (0.012 + 0.988 * sharp))
    picture = np.stack(channels, axis=-1)
    grain = ndimage.gaussian_filter(rng.standard_normal(picture.shape, dtype=np.float32), (0.6, 0.6, 0)) * 2.1
    picture += scanner.noise * grain * np.sqrt(np.clip(picture, 20, 255) / 160)
    return _jpeg(np.clip(np.rint(picture), 0, 255).astype(np.uint8), scanner.jpeg_quality)


def _blend(sharp, light, defocus, um_per_px):
    steps = (sharp, ndimage.gaussian_filter(light, 0.55 / um_per_px), ndimage.gaussian_filter(light, 1.1 / um_per_px))
    level = np.clip(defocus * 2, 0, 2)
    return steps[0] * np.clip(1 - level, 0, 1) + steps[1] * (1 - np.abs(level - 1)) + steps[2] * np.clip(level - 1, 0, 1)


def _jpeg(picture, quality):
    # Scanners store JPEG tiles; what reaches a user's TIFF has been through it.
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, 'JPEG', quality=quality, subsampling=0)
    return np.array(Image.open(buffer))
