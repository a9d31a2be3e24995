"""``ColourJitter``: brightness, contrast, saturation and hue, and nothing that no stain could do."""

from mmdet.datasets.transforms import PhotoMetricDistortion
from mmdet.registry import TRANSFORMS

_SWAP = 5  # place of the flag in what mmdet's _random_flags gives


@TRANSFORMS.register_module()
class ColourJitter(PhotoMetricDistortion):
    """mmdet's ``PhotoMetricDistortion`` without its last step, which swaps colour channels in half of the images: H&E turned green or blue.

    Args:
        kwargs: As of ``PhotoMetricDistortion``: ``brightness_delta``, ``contrast_range``, ``saturation_range``, ``hue_delta``.
    """

    def _random_flags(self):
        flags = list(super()._random_flags())
        flags[_SWAP] = 0
        return tuple(flags)
