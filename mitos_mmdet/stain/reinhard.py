"""Colour transfer by the mean and spread of CIELab: Reinhard et al., Color transfer between images, CG&A 2001, section 3.

Two differences to staintools, both ours: it rounds Lab to 8 bits on the way, which costs a few grey levels, and it counts the
glass, so that a frame with much of it comes out with the glass stained.
"""

import numpy as np

from mitos_mmdet.stain.blocks import in_blocks
from mitos_mmdet.stain.stain_estimate import StainEstimate

# CIELab of sRGB under D65: IEC 61966-2-1 and CIE 15.
_WHITE = np.array([0.95047, 1.0, 1.08883])
RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]) / _WHITE[:, None]
XYZ_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]])
LAB_OFFSET = np.array([16, 0, 0])
_GREY = np.arange(256) / 255
LINEAR = np.where(_GREY > 0.04045, ((_GREY + 0.055) / 1.055)**2.4, _GREY / 12.92)


def statistics(colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means and standard deviations of L, a, b, ``(2, 3)``, of uint8 ``(1, M, 3)`` RGB that occur ``counts`` times each."""
    lab = _to_lab(colours)[0].astype(float)
    mean = np.average(lab, axis=0, weights=counts)
    return np.stack([mean, np.sqrt(np.average((lab - mean)**2, axis=0, weights=counts))])


def transfer(image: np.ndarray, source: StainEstimate, target: StainEstimate) -> np.ndarray:
    """The image with the target's means and spreads in place of the source's: uint8 ``(H, W, 3)``, rounded and clipped."""
    (source_mean, source_std), (target_mean, target_std) = np.array(source.matrix), np.array(target.matrix)
    scale = target_std / source_std
    scale, shift = scale.astype(np.float32), (target_mean - source_mean * scale).astype(np.float32)

    def block(pixels, out):
        out[...] = np.rint(255 * _to_rgb(_to_lab(pixels) * scale + shift))
    return in_blocks(block, image)


def _to_lab(pixels):
    """CIELab, float32, L in 0..100, of uint8 RGB."""
    xyz = _times(RGB_TO_XYZ, LINEAR.astype(np.float32)[pixels])
    roots = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return _times(XYZ_TO_LAB, roots) - LAB_OFFSET.astype(np.float32)


def _to_rgb(lab):
    """RGB in 0..1, clipped, of CIELab."""
    roots = _times(np.linalg.inv(XYZ_TO_LAB), lab + LAB_OFFSET.astype(np.float32))
    xyz = np.where(roots > 0.2068966, roots * roots * roots, (roots - 16 / 116) / 7.787)
    linear = np.clip(_times(np.linalg.inv(RGB_TO_XYZ), xyz), 0, 1)
    return np.where(linear > 0.0031308, 1.055 * linear**(1 / 2.4) - 0.055, 12.92 * linear)


def _times(matrix, colours):
    """``matrix @`` each colour, by plain sums: how BLAS rounds depends on the size of the image, and tiles would not fit exactly."""
    first, second, third = matrix.T.astype(np.float32)
    return colours[..., :1] * first + colours[..., 1:2] * second + colours[..., 2:] * third
