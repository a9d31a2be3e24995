"""Pixels of any layout as 8-bit RGB."""

import numpy as np
from PIL import Image

WHITE = 255
# TIFF PhotometricInterpretation.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
# TIFF ExtraSamples.
ASSOCIATED_ALPHA, ALPHA = 1, 2


def to_rgb(samples: np.ndarray, photometric: int, bits: int = 8, alpha: int | None = None,
           colormap: np.ndarray | None = None) -> np.ndarray:
    """Decoded samples as RGB.

    16 bits become 8 by their high byte, as OpenCV and Pillow do; fewer than 8 are stretched to 0..255. Transparency is laid over white.

    Args:
        samples: Unsigned ``(h, w, s)``; colours first, then alpha, then what is not looked at.
        photometric: TIFF PhotometricInterpretation; JPEG's YCbCr is RGB once decoded.
        bits: That are used of each sample.
        alpha: ``ALPHA``, ``ASSOCIATED_ALPHA`` (colours are multiplied by it already), or None.
        colormap: ``(3, 2 ** bits)`` uint16 of a palette.

    Returns:
        ndarray: uint8 ``(h, w, 3)``.

    Raises:
        ValueError: A layout that has no defined colours; the message is the end of a sentence.
    """
    if samples.dtype.kind not in 'bu':
        raise ValueError(f'its samples are {samples.dtype}, not 8- or 16-bit colours. Export it as 8-bit RGB')
    count = samples.shape[-1]
    if photometric == PALETTE:
        if colormap is None or count != 1:
            raise ValueError('its palette is missing. Export it as 8-bit RGB')
        return (np.asarray(colormap) >> 8).astype(np.uint8).T[samples[..., 0]]
    colours = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 3 if count == 3 else 1, RGB: 3, YCBCR: 3, CMYK: 4}.get(photometric)
    if colours is None or count < colours:
        raise ValueError(f'its colours (photometric interpretation {photometric}, {count} samples) are not supported. Export it as 8-bit '
                         f'RGB')
    if alpha is None and count > colours and colours == 1:
        raise ValueError(f'it has {count} channels that are not colours. Export it as 8-bit RGB')
    samples = _to_8_bit(samples, bits)
    pixels = samples[..., :colours]
    if photometric == WHITE_IS_ZERO:
        pixels = WHITE - pixels
    if photometric == CMYK:
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels), 'CMYK').convert('RGB'))
    if pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)
    if alpha is not None and count > colours:
        pixels = over_white(pixels, samples[..., colours], multiplied=alpha == ASSOCIATED_ALPHA)
    return np.ascontiguousarray(pixels)


def over_white(pixels: np.ndarray, alpha: np.ndarray, multiplied: bool = False) -> np.ndarray:
    """uint8 ``(h, w, 3)`` laid over white by uint8 ``(h, w)``; ``multiplied`` where the colours are so already."""
    if alpha.size == 0 or alpha.min() == 255:
        return pixels
    alpha = alpha[..., None].astype(np.uint16)
    if multiplied:
        return np.minimum(pixels + (WHITE - alpha), WHITE).astype(np.uint8)
    return ((pixels.astype(np.uint16) * alpha + (255 - alpha) * WHITE + 127) // 255).astype(np.uint8)


def _to_8_bit(samples, bits):
    if samples.dtype == bool:
        return samples.astype(np.uint8) * WHITE
    if bits > 8:
        return (samples >> (bits - 8)).astype(np.uint8)
    if bits < 8:
        return (samples.astype(np.uint16) * WHITE // (2 ** bits - 1)).astype(np.uint8)
    return samples.astype(np.uint8, copy=False)
