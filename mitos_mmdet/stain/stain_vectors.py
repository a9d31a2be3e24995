"""The two stain vectors of a cloud of optical densities. Settings are staintools 2.1.2's where nothing else is said.

Shapes: densities are ``(3, N)`` float32, R, G, B in rows; vectors ``(2, 3)`` of length 1, in no order.
"""

import numpy as np

from mitos_mmdet.stain.concentrations import Lasso
from mitos_mmdet.stain.stain_estimate import NoStainError, check_matrix

_MIN_SPREAD = 0.02  # Ours: standard deviation of the optical density; less is compression noise on one colour.
_ANGULAR_PERCENTILE = 99
_SPARSITY = 0.1
_TOLERANCE = 1e-5  # Ours: the last step of a vector; what is left of the way is less than a tenth of a grey level.
_MOST_STEPS = 500  # Ours: ten times what real frames need.


def macenko(density):
    """The extreme directions in the plane of greatest variance.

    Macenko et al., A method for normalizing histology slides for quantitative analysis, ISBI 2009.

    Raises:
        NoStainError: The densities are all alike.
    """
    centred = density - density.mean(axis=1, keepdims=True)
    covariance = _products(centred, centred) / density.shape[1]
    if covariance.trace() < _MIN_SPREAD**2:
        raise NoStainError('a single colour')
    plane = np.linalg.eigh(covariance)[1][:, [2, 1]]
    plane *= np.where(plane[0] < 0, -1, 1)
    along, across = plane.T.astype(np.float32) @ density
    angles = np.arctan2(across, along)
    extremes = np.array([percentile(angles, 100 - _ANGULAR_PERCENTILE), percentile(angles, _ANGULAR_PERCENTILE)])
    return (plane @ [np.cos(extremes), np.sin(extremes)]).T


def vahadane(density):
    """The non-negative dictionary of two that explains the densities best by sparse concentrations.

    Vahadane et al., Structure-preserving color normalization and sparse stain separation for histological images, TMI 2016,
    section III. Learned by turns (Mairal et al., Online dictionary learning for sparse coding, ICML 2009, algorithm 2, on all
    pixels at once) until it stands still. staintools learns for one second from a random start: it comes as near as
    the machine lets it.

    Raises:
        NoStainError: There are no two stains.
    """
    matrix = np.maximum(macenko(density), 0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    for _ in range(_MOST_STEPS):
        check_matrix(matrix)
        lasso, before = Lasso(matrix, _SPARSITY), matrix.copy()
        concentrations = lasso.without_negative(*(lasso.weights.astype(np.float32) @ density + lasso.shifts.astype(np.float32)))
        among, across = _products(concentrations, concentrations), _products(concentrations, density)
        if not among.diagonal().all():
            raise NoStainError('a single stain')
        for stain in (0, 1):
            vector = np.maximum(matrix[stain] + (across[stain] - among[stain] @ matrix) / among[stain, stain], 0)
            matrix[stain] = vector / np.linalg.norm(vector)
        if abs(matrix - before).max() < _TOLERANCE:
            break
    return matrix


def percentile(values, percent):
    """As ``np.percentile`` of a row, several times faster: one selection, and a minimum for the next greater value."""
    place = (len(values) - 1) * percent / 100
    below = int(place)
    values = np.partition(values, below)
    following = values[below + 1:].min() if below + 1 < len(values) else values[below]
    return float(values[below] + (following - values[below]) * (place - below))


def _products(rows, columns):
    """``rows @ columns.T`` for a few long rows, which BLAS does row by row several times faster."""
    return np.array([[row @ column for column in columns] for row in rows], dtype=float)
