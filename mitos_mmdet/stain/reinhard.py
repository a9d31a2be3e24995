"""Colour transfer by the mean and spread of CIELab: Reinhard et al., Color transfer between images, CG&A 2001, section 3.

Calculated in float; staintools rounds Lab to 8 bits on the way, which costs it a few grey levels.
"""

import cv2
import numpy as np

from mitos_mmdet.stain.blocks import in_blocks


def statistics(pixels):
    """Means and standard deviations of L, a, b over all pixels, ``(2, 3)``; pixels are uint8 ``(H, W, 3)`` RGB."""
    mean, std = cv2.meanStdDev(_to_lab(pixels))
    return np.stack([mean[:, 0], std[:, 0]])


def transfer(image, source, target):
    """The image with the target's means and spreads in place of the source's: uint8 ``(H, W, 3)``, rounded and clipped."""
    (source_mean, source_std), (target_mean, target_std) = np.array(source.matrix), np.array(target.matrix)
    scale = target_std / source_std
    scale, shift = scale.astype(np.float32), (target_mean - source_mean * scale).astype(np.float32)

    def block(pixels, out):
        colours = cv2.cvtColor(_to_lab(pixels) * scale + shift, cv2.COLOR_LAB2RGB)
        out[...] = np.clip(np.rint(colours * 255), 0, 255)
    return in_blocks(block, image)


def _to_lab(pixels):
    return cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
