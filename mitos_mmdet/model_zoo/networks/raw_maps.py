"""``RawMaps``: the part of a one-stage detector that is plain tensor arithmetic, from pixels to the head's maps."""

from collections.abc import Iterable

import torch
from mmdet.models.detectors import SingleStageDetector
from torch import nn

from mitos_mmdet.model_zoo.networks.box_branch import BoxBranch


class RawMaps(nn.Module):
    """uint8 ``(B, H, W, 3)`` RGB to the head's maps, flat; ``nest`` gives them back as the head's ``predict_by_feat`` takes them.

    Where ``BoxBranch`` fits the head, the neck's features ``(B, h, w, C)`` stand in the place of the box maps.

    Args:
        detector: A ``SingleStageDetector`` whose preprocessor does no more than order channels, scale and pad.

    Raises:
        TypeError: Another detector; the message says what is in the way.
    """

    def __init__(self, detector: nn.Module):
        super().__init__()
        if not isinstance(detector, SingleStageDetector):
            raise TypeError(f'{type(detector).__name__} is not a one-stage detector')
        if getattr(detector, 'with_mask', False) or hasattr(detector, 'mask_head'):
            raise TypeError(f'{type(detector).__name__} predicts masks')
        preprocessor = detector.data_preprocessor
        if type(preprocessor).__name__ != 'DetDataPreprocessor':
            raise TypeError(f'its data_preprocessor is a {type(preprocessor).__name__}')
        self.detector = detector
        self._flip = not preprocessor._channel_conversion  # mmdet's loader gives BGR, our tiles are RGB
        self._scaled = preprocessor._enable_normalize
        self.with_features = BoxBranch.fits(detector.bbox_head)
        self._lengths = None

    def forward(self, tiles: torch.Tensor) -> tuple:
        images = tiles.permute(0, 3, 1, 2)
        images = images.flip(1) if self._flip else images
        images = images.float()
        if self._scaled:
            images = (images - self.detector.data_preprocessor.mean) / self.detector.data_preprocessor.std
        features = self.detector.extract_feat(images)
        maps = self.detector.bbox_head(features)
        if self.with_features:
            maps = maps[0], [level.permute(0, 2, 3, 1) for level in features[:len(maps[0])]]  # a head may leave the last ones out
        self._lengths = [len(levels) for levels in maps]
        return tuple(level for levels in maps for level in levels)

    @torch.no_grad()
    def example(self, height: int = 128, width: int = 128) -> tuple:
        """Runs on an image of noise, which also tells ``nest`` how the head groups its maps: ``(tiles, maps)``."""
        generator = torch.Generator().manual_seed(0)
        tiles = torch.randint(0, 256, (1, height, width, 3), dtype=torch.uint8, generator=generator)
        return tiles, self(tiles)

    def nest(self, maps: Iterable[torch.Tensor]) -> tuple:
        """The flat maps as a tuple of lists, one list per output of the head, one map per level."""
        maps = iter(maps)
        return tuple([next(maps) for _ in range(length)] for length in self._lengths)
