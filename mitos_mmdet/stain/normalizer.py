"""Gives images the stain of a target: fitted once, applied to every frame and to every tile of it."""

from pathlib import Path

import numpy as np

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.stain import reinhard, staintools_backend
from mitos_mmdet.stain.concentrations import restain
from mitos_mmdet.stain.estimation import MAX_PIXELS, check_backend, check_image, estimate_stain
from mitos_mmdet.stain.stain_estimate import NoStainError, StainEstimate
from mitos_mmdet.stain.targets import DEFAULT_TARGETS

_VERSION = 1


class StainNormalizer:
    """Normalises to one target. Images are uint8 ``(H, W, 3)`` RGB, never changed.

        normalizer = StainNormalizer.default('macenko')
        source = normalizer.estimate(frame)
        tile = normalizer.apply(frame[:512, :512], source)

    Args:
        target: A ``StainEstimate``; its method is the normalizer's.
        backend: ``'fast'`` (ours), or ``'staintools'``: its own code estimates and applies, as the reference.

    Raises:
        ValueError: Another backend.
    """

    def __init__(self, target: StainEstimate, backend: str = 'fast'):
        check_backend(backend)
        self.target = target
        self.backend = backend

    @property
    def method(self) -> str:
        return self.target.method

    @classmethod
    def fit(cls, image: np.ndarray, method: str = 'macenko', max_pixels: int | None = MAX_PIXELS,
            backend: str = 'fast') -> 'StainNormalizer':
        """To a target image. Raises as ``estimate_stain``."""
        return cls(estimate_stain(image, method, max_pixels, backend), backend)

    @classmethod
    def default(cls, method: str = 'macenko', backend: str = 'fast') -> 'StainNormalizer':
        """To the target that comes with this package, where it comes from see ``targets.py``."""
        if method not in DEFAULT_TARGETS:
            raise ValueError(f"unknown method {method!r}: one of {', '.join(DEFAULT_TARGETS)}")
        return cls(DEFAULT_TARGETS[method], backend)

    @classmethod
    def to_look_like(cls, target: str | Path, method: str = 'macenko', backend: str = 'fast') -> 'StainNormalizer':
        """To what a config or a command line names.

        Args:
            target: ``'default'``, a file that ``save`` wrote (``.json``), or an image file.
            method: One of ``METHODS``.
            backend: As of the class.

        Raises:
            ValueError: A file that cannot be used, or one that was fitted by another method; the message names it.
        """
        if target == 'default':
            return cls.default(method, backend)
        if Path(target).suffix.lower() == '.json':
            normalizer = cls.load(target, backend)
            if normalizer.method != method:
                raise ValueError(f'{target}: fitted by {normalizer.method}, wanted is {method}. Set the method, or fit it again')
            return normalizer
        try:
            return cls.fit(read_rgb(target), method, backend=backend)
        except NoStainError as error:
            raise ValueError(f'{target}: no stain to look like ({error}). Give another image') from error

    def save(self, path: str | Path) -> None:
        """Writes the target as JSON, whole or not at all."""
        write_json(dict(version=_VERSION, **self.target.to_dict()), path)

    @classmethod
    def load(cls, path: str | Path, backend: str = 'fast') -> 'StainNormalizer':
        """What ``save`` wrote.

        Raises:
            ValueError: Not there, or not such a file; the message names it.
        """
        content = read_json(path, 'Give a file that StainNormalizer.save wrote')
        version = content.get('version') if isinstance(content, dict) else None
        if version != _VERSION:
            raise ValueError(f'{path}: a stain target of version {str(version)[:40]}, and this package reads {_VERSION}. Fit it again')
        return cls(StainEstimate.from_dict(content, str(path)), backend)

    def estimate(self, image: np.ndarray, max_pixels: int | None = MAX_PIXELS) -> StainEstimate:
        """The image's ``StainEstimate`` by this normalizer's method. Raises as ``estimate_stain``."""
        return estimate_stain(image, self.method, max_pixels, self.backend)

    def apply(self, image: np.ndarray, source: StainEstimate) -> np.ndarray:
        """The image in the target's stain.

        Each pixel's new colour depends on its old one and on ``source`` alone: with one estimate per frame, its tiles fit.

        Args:
            image: uint8 ``(H, W, 3)`` RGB of any size.
            source: ``StainEstimate`` of the image, or of the frame or slide it was cut from.

        Returns:
            np.ndarray: A new one, uint8 ``(H, W, 3)``.

        Raises:
            ValueError: Not such an image, or an estimate by another method.
        """
        check_image(image)
        if source.method != self.method:
            raise ValueError(f'the estimate is by {source.method}, the target by {self.method}: estimate with the same method')
        if self.backend == 'staintools':
            return staintools_backend.restain(image, source, self.target)
        return (reinhard.transfer if self.method == 'reinhard' else restain)(image, source, self.target)

    def normalize(self, image: np.ndarray, source: StainEstimate | None = None) -> tuple:
        """The image in the target's stain, or as it is where its stain cannot be estimated.

        Args:
            image: As for ``apply``.
            source: As for ``apply``; None: estimated from this image.

        Returns:
            tuple: ``(pixels, reason)``: a new array, and why it is unchanged, or None.
        """
        try:
            return self.apply(image, self.estimate(image) if source is None else source), None
        except NoStainError as error:
            return image.copy(), str(error)
