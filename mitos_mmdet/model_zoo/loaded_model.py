"""``LoadedModel``: a trained detector, ready for tiles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mitos_mmdet.stain import NoStainError, StainNormalizer, estimate_stain
from mitos_mmdet.stain.stain_estimate import StainEstimate


@dataclass
class LoadedModel:
    """A trained detector. ``load_model`` makes it.

    Attributes:
        name: Of the bundled model, or the config's stem.
        classes: Names, in the order of the labels.
        um_per_px: What the network was trained at.
        threshold: Operating score of the mitotic class, frozen before any test (bundled models: chosen on validation).
        threshold_from: ``'the model'``, or the calibration file that it is of.
        sha256: Of the checkpoint file; with a second reader, of both files and its weight.
        tile_size: Longest side of a tile in px at ``um_per_px``.
        overlap: Px that neighbouring tiles share.
        device: ``'cpu'`` or ``'cuda'``.
        card: The bundled model's card, else an empty dict.
        normalizer: ``StainNormalizer`` that the network expects its images to have passed, or None.
        second_reader: ``SecondReader`` whose scores are averaged with the network's, or None.
        atypical: ``AtypicalClassifier`` for its mitotic figures, or None.
        notes: What the user should know, such as why an engine is not used.
    """

    name: str
    classes: tuple
    um_per_px: float
    threshold: float
    sha256: str
    tile_size: int
    overlap: int
    device: str
    network: object = field(repr=False)
    card: dict = field(default_factory=dict, repr=False)
    normalizer: StainNormalizer | None = field(default=None, repr=False)
    second_reader: object = field(default=None, repr=False)
    atypical: object = field(default=None, repr=False)
    notes: list = field(default_factory=list)
    threshold_from: str = 'the model'

    @property
    def engine(self) -> str:
        """``'openvino'`` or ``'torch'``."""
        return self.network.engine

    @property
    def precision(self) -> str:
        """What the detector's network computes in: ``'float32'``, ``'bfloat16'`` or ``'int8'``."""
        return getattr(self.network, 'precision', 'float32')

    @property
    def size_divisor(self) -> int:
        """Tiles whose sides are multiples of it are not padded."""
        return self.network.size_divisor

    @property
    def in_flight(self) -> int:
        """Tiles that the engine works on at once: fewer leave it idle."""
        return self.network.in_flight

    def estimate_stain(self, image: np.ndarray) -> tuple:
        """The stain of a frame or of a sample of a slide, for ``predict``.

        Args:
            image: uint8 ``(H, W, 3)`` RGB.

        Returns:
            tuple: ``(StainEstimate or None, reason or None)``: None where the model needs none, or there is none to measure.
        """
        if self.normalizer is None:
            return None, None
        try:
            return estimate_stain(image, self.normalizer.method), None
        except NoStainError as error:
            return None, str(error)

    def prepare(self, tile: np.ndarray, stain: StainEstimate | None = None) -> np.ndarray:
        """A tile with the stain that the network expects: uint8 ``(H, W, 3)`` RGB."""
        return tile if self.normalizer is None or stain is None else self.normalizer.apply(tile, stain)

    def predict(self, tiles: np.ndarray | Sequence[np.ndarray], stain: StainEstimate | None = None) -> list:
        """Detections in tiles.

        Args:
            tiles: uint8 ``(N, H, W, 3)`` RGB at ``um_per_px``, or a list of ``(H, W, 3)``.
            stain: ``StainEstimate`` of the frame or slide that they are of; None leaves colours as they are.

        Returns:
            list[TileDetections]: One per tile, in order.

        Raises:
            ValueError: Not such tiles.
        """
        for tile in tiles:
            if not isinstance(tile, np.ndarray) or tile.dtype != np.uint8 or tile.ndim != 3 or tile.shape[2] != 3 or not tile.size:
                found = f'{tile.dtype} {tile.shape}' if isinstance(tile, np.ndarray) else type(tile).__name__
                raise ValueError(f'a tile is {found}: give RGB as uint8 (height, width, 3)')
        return list(self.stream(self.prepare(tile, stain) for tile in tiles))

    def stream(self, tiles: Iterable[np.ndarray], in_flight: int | None = None, score_floor: float = 0.0) -> Iterator:
        """Detections in prepared tiles, yielded in their order.

        Args:
            tiles: Iterable of uint8 ``(H, W, 3)`` RGB; each is taken when the engine is ready for it, and read until its detections come.
            in_flight: Tiles in work at once; None: the engine's choice.
            score_floor: Detections that score less may be left out, which saves time.
        """
        return self.network.stream(tiles, in_flight, score_floor)
