"""The stain of an image: which of its pixels count, and what they say."""

import cv2
import numpy as np

from mitos_mmdet.stain import reinhard, staintools_backend
from mitos_mmdet.stain.concentrations import OPTICAL_DENSITY, Unmixer
from mitos_mmdet.stain.stain_estimate import BACKENDS, METHODS, NoStainError, StainEstimate, check_matrix
from mitos_mmdet.stain.stain_vectors import macenko, percentiles, vahadane

MAX_PIXELS = 100_000  # Ours: moves 99.9 % of the pixels by a grey level or less (docs/stain.md).
# Of CIELab's L in 0..255.
_TISSUE_BELOW = 204  # staintools': 0.8
_GLASS_FROM = 225  # Ours; what lies between is pale tissue, or glass under a dim lamp.
_BLACK_TO = 5  # Ours: what a scanner fills in beside the slide is no stain, however dense.
_MIN_TISSUE = 0.01  # Ours, of the pixels looked at.
_MIN_TISSUE_PX = 100  # Ours
_MAXIMUM_PERCENTILE = 99  # staintools', of all pixels
# Ours: staintools counts all glass. Where a tenth of a frame is tissue that halves the maxima, and the result comes out twice as dense.
_MOST_GLASS = 0.75


def estimate_stain(image: np.ndarray, method: str = 'macenko', max_pixels: int | None = MAX_PIXELS, backend: str = 'fast') -> StainEstimate:
    """Estimates the stain of an image.

    Args:
        image: uint8 ``(H, W, 3)`` RGB of any size; not changed.
        method: One of ``METHODS``.
        max_pixels: So many pixels are looked at, spread evenly, always the same ones; None for all.
        backend: ``'fast'`` (ours), or ``'staintools'``, the reference, which looks at all pixels.

    Returns:
        StainEstimate

    Raises:
        NoStainError: Too little tissue, or nothing on it that looks like two stains; the message is the reason.
        ValueError: Not such an image, an unknown method, or backend, a ``max_pixels`` below 1.
    """
    check_image(image)
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: one of {', '.join(METHODS)}")
    check_backend(backend)
    if backend == 'staintools':
        return staintools_backend.estimate(image, method)
    pixels = sample_pixels(image, max_pixels)
    if not pixels.size:
        raise NoStainError('no pixels')
    colours, counts = _count_colours(pixels)
    light = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0, :, 0]
    counts[light <= _BLACK_TO] = 0
    total = counts.sum()
    if not total:
        raise NoStainError('black')
    tissue, stained = light < _TISSUE_BELOW, light < _GLASS_FROM
    found = counts[tissue].sum()
    if found < max(_MIN_TISSUE_PX, _MIN_TISSUE * total):
        raise NoStainError(f'too little tissue ({found} of {total} px)')
    if method == 'reinhard':
        return StainEstimate(method, tuple(reinhard.statistics(colours[:, stained], counts[stained])))
    density = np.stack([OPTICAL_DENSITY[colour[0][tissue]] for colour in cv2.split(colours)])
    matrix = {'macenko': macenko, 'vahadane': vahadane}[method](density, counts[tissue])
    # The greater red is haematoxylin's (staintools).
    matrix = matrix[np.argsort(-matrix[:, 0], kind='stable')]
    check_matrix(matrix)
    above = (100 - _MAXIMUM_PERCENTILE) * min(1, counts[stained].sum() / total / (1 - _MOST_GLASS))
    maxima = [percentiles(stain[0], counts, [100 - above])[0] for stain in Unmixer(matrix)(colours)]
    return StainEstimate(method, tuple(matrix), tuple(maxima))


def check_backend(backend: str) -> None:
    """Makes sure that there is such a backend.

    Raises:
        ValueError: There is not.
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r}: one of {', '.join(BACKENDS)}")


def check_image(image: np.ndarray) -> None:
    """Makes sure that an image is uint8 ``(H, W, 3)``.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f'{image.dtype} {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'the image is {found}: give RGB as uint8 (height, width, 3)')


def sample_pixels(image: np.ndarray, most: int | None) -> np.ndarray:
    """``(1, N, 3)`` of the image's pixels: all, or one at random from each of ``most`` equal stretches (always the same ones)."""
    height, width = image.shape[:2]
    if most is not None and most < 1:
        raise ValueError(f'max_pixels is {most}: give 1 or more, or None for all')
    if most is None or height * width <= most:
        return np.ascontiguousarray(image).reshape(1, -1, 3)
    places = (np.arange(most) + np.random.default_rng(0).random(most)) * (height * width / most)
    return image[np.divmod(places.astype(np.int64), width)][None]


def _count_colours(pixels):
    """``(1, M, 3)`` uint8, each colour once, and how often each occurs: an estimate depends on nothing else, and a frame has thirty
    times as many pixels as colours.
    """
    codes = np.sort(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA).view(np.uint32), axis=None)
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    return np.ascontiguousarray(codes[starts].view(np.uint8).reshape(1, -1, 4)[..., :3]), np.diff(starts, append=codes.size)
