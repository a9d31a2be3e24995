"""From one stain to another by one affine map of optical density: fast enough for every training crop."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mitos_mmdet.stain.concentrations import OPTICAL_DENSITY
from mitos_mmdet.stain.stain_estimate import StainEstimate


def transfer_map(source: StainEstimate, target: StainEstimate, alpha: Sequence[float] = (1.0, 1.0),
                 beta: Sequence[float] = (0.0, 0.0)) -> np.ndarray:
    """The map that gives a pixel of ``source``'s stains the colour it would have in ``target``'s.

    Unlike ``restain`` it keeps what the two stains do not explain (the residual), and lets concentrations be negative.

    Args:
        source, target: ``StainEstimate`` s by Macenko or Vahadane.
        alpha: Factor on the concentration of haematoxylin and of eosin.
        beta: Shift, in units of the target's 99th percentile of that stain.

    Returns:
        np.ndarray: ``(3, 4)``: optical density (R, G, B, 1) to optical density.

    Raises:
        ValueError: An estimate by Reinhard.
    """
    if 'reinhard' in (source.method, target.method):
        raise ValueError('an estimate by reinhard knows no stains to transfer: measure with macenko or vahadane')
    old, new = np.asarray(source.matrix, float), np.asarray(target.matrix, float)
    to_stains = np.linalg.pinv(old)  # (3, 2): density @ to_stains = concentrations
    gain = np.asarray(alpha, float) * np.asarray(target.maxima) / np.asarray(source.maxima)
    linear = to_stains @ np.diag(gain) @ new + np.eye(3) - to_stains @ old
    shift = np.asarray(beta, float) * np.asarray(target.maxima) @ new
    return np.column_stack([linear.T, shift])


def apply_map(image: np.ndarray, density_map: ArrayLike) -> np.ndarray:
    """``image`` uint8 ``(H, W, 3)`` RGB with its optical densities mapped by ``(3, 4)``: a new image of that kind, clipped."""
    density = cv2.LUT(image, OPTICAL_DENSITY)
    mapped = cv2.transform(density, np.asarray(density_map, np.float32))
    return np.clip(255 * cv2.exp(-mapped) + 0.5, 0, 255).astype(np.uint8)
