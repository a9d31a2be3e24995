"""The two stain vectors of a cloud of optical densities. Settings are staintools 2.1.2's where nothing else is said.

Shapes: densities are ``(3, M)`` float32, R, G, B in rows, ``counts`` ``(M, )`` how often each occurs; vectors ``(2, 3)`` of length 1,
in no order.
"""

from collections.abc import Sequence

import numpy as np

from mitos_mmdet.stain.concentrations import Lasso
from mitos_mmdet.stain.stain_estimate import NoStainError, check_matrix

_MIN_SPREAD = 0.02  # Ours: standard deviation of the optical density; less is compression noise on one colour.
_ANGULAR_PERCENTILE = 99
_SPARSITY = 0.1
_TOLERANCE = 1e-5  # Ours: the last step of a vector; what is left of the way is less than a tenth of a grey level.
_MOST_STEPS = 500  # Ours: ten times what real frames need.


def macenko(density: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The extreme directions in the plane of greatest variance.

    Macenko et al., A method for normalizing histology slides for quantitative analysis, ISBI 2009.

    Raises:
        NoStainError: The densities are all alike.
    """
    shares = (counts / counts.sum()).astype(np.float32)
    centred = density - (density @ shares)[:, None]
    covariance = (shares * centred) @ centred.T
    if covariance.trace() < _MIN_SPREAD**2:
        raise NoStainError('a single colour')
    plane = np.linalg.eigh(covariance)[1][:, [2, 1]]
    plane *= np.where(plane[0] < 0, -1, 1)
    along, across = plane.T.astype(np.float32) @ density
    extremes = percentiles(np.arctan2(across, along), counts, [100 - _ANGULAR_PERCENTILE, _ANGULAR_PERCENTILE])
    return (plane @ [np.cos(extremes), np.sin(extremes)]).T


def vahadane(density: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The non-negative dictionary of two that explains the densities best by sparse concentrations.

    Vahadane et al., Structure-preserving color normalization and sparse stain separation for histological images, TMI 2016,
    section III. Learned by turns (Mairal et al., Online dictionary learning for sparse coding, ICML 2009, algorithm 2, on all
    pixels at once) until it stands still. staintools learns for one second from a random start: it comes as near as
    the machine lets it.

    Raises:
        NoStainError: There are no two stains.
    """
    matrix = np.maximum(macenko(density, counts), 0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    counts = counts.astype(np.float32)
    for _ in range(_MOST_STEPS):
        check_matrix(matrix)
        lasso, before = Lasso(matrix, _SPARSITY), matrix.copy()
        concentrations = lasso.without_negative(*(lasso.weights.astype(np.float32) @ density + lasso.shifts.astype(np.float32)))
        weighted = concentrations * counts
        among, across = weighted @ concentrations.T, weighted @ density.T
        if not among.diagonal().all():
            raise NoStainError('a single stain')
        for stain in (0, 1):
            vector = np.maximum(matrix[stain] + (across[stain] - among[stain] @ matrix) / among[stain, stain], 0)
            matrix[stain] = vector / np.linalg.norm(vector)
        if abs(matrix - before).max() < _TOLERANCE:
            break
    return matrix


def percentiles(values: np.ndarray, counts: np.ndarray, percents: Sequence[float]) -> np.ndarray:
    """As ``np.percentile`` of values that occur ``counts`` times each."""
    order = np.argsort(values)
    ranks = np.cumsum(counts[order]) - 1  # the last place that each value takes
    places = ranks[-1] * np.array(percents) / 100
    below, above = (values[order[np.searchsorted(ranks, rounded(places))]].astype(float) for rounded in (np.floor, np.ceil))
    return below + (above - below) * (places % 1)
