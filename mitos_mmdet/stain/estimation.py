"""The stain of an image, from its tissue.

Macenko et al., A method for normalizing histology slides for quantitative analysis, ISBI 2009; Vahadane et al.,
Structure-preserving color normalization and sparse stain separation for histological images, TMI 2016; Reinhard et al., Color
transfer between images, 2001. Settings are staintools 2.1.2's.
"""

import cv2
import numpy as np

from mitos_mmdet.stain import reinhard
from mitos_mmdet.stain.concentrations import OPTICAL_DENSITY, Unmixer
from mitos_mmdet.stain.stain_estimate import METHODS, NoStainError, StainEstimate, check_matrix

MAX_PIXELS = 200_000  # Ours: costs less than a grey level (docs/stain.md).
_BACKGROUND = 204  # staintools': tissue has a lightness below 0.8, here of CIELab's L in 0..255.
_BLACK = 5  # Ours, of the same L: a scanner's fill beside the slide is no stain, however dense.
# Ours. Below, the maxima (percentiles of all pixels, as staintools') are the background's, and noise would be amplified.
_MIN_TISSUE = 0.05
_MIN_TISSUE_PX = 100
_MIN_SPREAD = 0.02  # Ours: standard deviation of the optical density; less is compression noise on one colour.
_ANGULAR_PERCENTILE = 99  # staintools'
_MAXIMUM_PERCENTILE = 99  # staintools'
_SPARSITY = 0.1  # staintools'
# Ours. staintools learns for one second instead, so that its result hangs on the machine and on what else it does.
_DICTIONARY_STEPS = 200


def estimate_stain(image, method='macenko', max_pixels=MAX_PIXELS):
    """Estimates the stain of an image.

    Args:
        image: uint8 ``(H, W, 3)`` RGB of any size; not changed.
        method: One of ``METHODS``.
        max_pixels: So many pixels are looked at, spread evenly, always the same ones; None for all.

    Returns:
        StainEstimate

    Raises:
        NoStainError: Too little tissue, or nothing on it that looks like two stains; the message is the reason.
        ValueError: Not such an image, an unknown method, a ``max_pixels`` below 1.
    """
    check_image(image)
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: one of {', '.join(METHODS)}")
    pixels = _sample(image, max_pixels)
    if not pixels.size:
        raise NoStainError('no pixels')
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[..., 0]
    if light.min() <= _BLACK:
        pixels, light = pixels[:, light[0] > _BLACK], light[:, light[0] > _BLACK]
        if not pixels.size:
            raise NoStainError('black')
    tissue = light[0] < _BACKGROUND
    count = np.count_nonzero(tissue)
    if count < max(_MIN_TISSUE_PX, _MIN_TISSUE * tissue.size):
        raise NoStainError(f'too little tissue ({count} of {tissue.size} px)')
    if method == 'reinhard':
        return StainEstimate(method, reinhard.statistics(pixels))
    density = np.stack([cv2.LUT(colour[:, tissue], OPTICAL_DENSITY.astype(np.float32))[0] for colour in cv2.split(pixels)])
    matrix = {'macenko': _macenko, 'vahadane': _vahadane}[method](density)
    # The greater red is haematoxylin's (staintools).
    matrix = matrix[np.argsort(-matrix[:, 0], kind='stable')]
    check_matrix(matrix)
    maxima = [_percentile(stain.ravel(), _MAXIMUM_PERCENTILE) for stain in Unmixer(matrix)(pixels)]
    return StainEstimate(method, matrix, maxima)


def check_image(image):
    """Makes sure that an image is uint8 ``(H, W, 3)``.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f'{image.dtype} {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'the image is {found}: give RGB as uint8 (height, width, 3)')


def _sample(image, most):
    """``(1, N, 3)`` of the image's pixels: all, or one at random from each of ``most`` equal stretches (always the same ones)."""
    height, width = image.shape[:2]
    if most is not None and most < 1:
        raise ValueError(f'max_pixels is {most}: give 1 or more, or None for all')
    if most is None or height * width <= most:
        return np.ascontiguousarray(image).reshape(1, -1, 3)
    places = (np.arange(most) + np.random.default_rng(0).random(most)) * (height * width / most)
    return image[np.divmod(places.astype(np.int64), width)][None]


def _macenko(density):
    """Stain vectors, ``(2, 3)``, of optical densities ``(3, N)``: the extreme directions in the plane of greatest variance."""
    centred = density - density.mean(axis=1, keepdims=True)
    covariance = np.array([[row @ column for column in centred] for row in centred], dtype=float) / density.shape[1]
    if covariance.trace() < _MIN_SPREAD**2:
        raise NoStainError('a single colour')
    plane = np.linalg.eigh(covariance)[1][:, [2, 1]]
    plane *= np.where(plane[0] < 0, -1, 1)
    along, across = plane.T.astype(np.float32) @ density
    angles = np.arctan2(across, along)
    extremes = np.array([_percentile(angles, 100 - _ANGULAR_PERCENTILE), _percentile(angles, _ANGULAR_PERCENTILE)])
    return (plane @ [np.cos(extremes), np.sin(extremes)]).T


def _vahadane(density):
    """Stain vectors, ``(2, 3)``, of optical densities ``(3, N)``: a sparse non-negative dictionary of two."""
    import spams
    # One thread: more make the batches larger, and the result another.
    dictionary = spams.trainDL(X=np.asfortranarray(density, dtype=float), K=2, lambda1=_SPARSITY, mode=2, modeD=0, posAlpha=True,
                               posD=True, iter=_DICTIONARY_STEPS, numThreads=1, verbose=False).T
    return dictionary / np.linalg.norm(dictionary, axis=1, keepdims=True)


def _percentile(values, percent):
    """As ``np.percentile``, five times faster: one selection, and the next greater value by a minimum."""
    place = (len(values) - 1) * percent / 100
    below = int(place)
    values = np.partition(values, below)
    following = values[below + 1:].min(initial=values[-1]) if below + 1 < len(values) else values[below]
    return float(values[below] + (following - values[below]) * (place - below))
