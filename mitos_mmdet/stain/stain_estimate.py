"""What is known of an image's stain: a few plain numbers, the same for a frame and for every tile of it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

METHODS = ('macenko', 'vahadane', 'reinhard')
BACKENDS = ('fast', 'staintools')  # our own code (the default), and the reference it is compared with

# All ours: real H&E keeps well inside these (docs/stain.md); beyond, what would be restained is noise.
_MIN_ANGLE = 3.0  # degrees between the two stains
_MIN_DENSITY = -0.2  # of a unit stain vector in any colour: an eosin's red lies below 0 on good frames, too
_MIN_MAXIMUM = 0.1  # optical density
_MIN_STD = 0.5  # CIELab units


class NoStainError(ValueError):
    """An image whose stain cannot be estimated; the message is the short reason."""


@dataclass(frozen=True)
class StainEstimate:
    """The stain of an image, of the frame it was cut from, or of a target.

    Attributes:
        method: One of ``METHODS``.
        matrix: 2 rows of 3 numbers. Macenko, Vahadane: optical density in R, G, B of haematoxylin, then of eosin, unit vectors.
            Reinhard: means, then standard deviations of CIELab (L in 0..100).
        maxima: The 99th percentile of the concentration of each stain; None for Reinhard.

    Raises:
        NoStainError: Numbers by which no image can be restained.
        ValueError: Not such numbers at all.
    """

    method: str
    matrix: tuple
    maxima: tuple | None = None

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(f"unknown method {str(self.method)[:40]!r}: one of {', '.join(METHODS)}")
        object.__setattr__(self, 'matrix', tuple(map(tuple, _numbers('matrix', self.matrix, (2, 3)))))
        maxima = None if self.method == 'reinhard' else tuple(_numbers('maxima', self.maxima, (2, )))
        object.__setattr__(self, 'maxima', maxima)
        if self.method == 'reinhard':
            if min(self.matrix[1]) < _MIN_STD:
                raise NoStainError('a single colour')
            return
        check_matrix(self.matrix)
        if min(self.maxima) < _MIN_MAXIMUM:
            raise NoStainError('one of the two stains is missing')

    def to_dict(self) -> dict:
        """As plain JSON values."""
        content = dict(method=self.method, matrix=[list(row) for row in self.matrix])
        return content if self.maxima is None else dict(content, maxima=list(self.maxima))

    @classmethod
    def from_dict(cls, content: dict, source: str = 'the estimate') -> 'StainEstimate':
        """The estimate that ``to_dict`` gave, also after a trip through JSON.

        Raises:
            ValueError: Anything else; the message names ``source``.
        """
        try:
            return cls(content['method'], content['matrix'], content.get('maxima'))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f'it lacks {error}' if isinstance(error, KeyError) else error
            raise ValueError(f'{source}: not a stain estimate ({reason}). Estimate it again') from error


def check_matrix(matrix: ArrayLike) -> None:
    """Makes sure that two stains can be told apart by their optical densities, ``(2, 3)``.

    Raises:
        NoStainError: They cannot; the message says why.
    """
    matrix = np.array(matrix)
    if abs(np.linalg.norm(matrix, axis=1) - 1).max() > 1e-3:
        raise NoStainError('the stain vectors are not of length 1')
    if matrix.min() < _MIN_DENSITY:
        raise NoStainError('its colours are not those of two stains')
    if math.degrees(math.acos(min(matrix[0] @ matrix[1], 1))) < _MIN_ANGLE:
        raise NoStainError('a single stain')


def _numbers(name, values, shape):
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{name} is {str(values)[:60]}, not {' x '.join(map(str, shape))} finite numbers")
    return array.tolist()
