"""``FeatureMaps``: the part of a detector in front of its heads, from pixels to maps."""

import numpy as np
import torch
from torch import nn


class FeatureMaps(nn.Module):
    """uint8 ``(B, H, W, 3)`` RGB to the maps of a detector's neck, float32 ``(B, C, h, w)`` each.

    Args:
        detector: An mmdet detector in evaluation mode whose preprocessor takes RGB and does no more than scale it.
    """

    def __init__(self, detector: nn.Module):
        super().__init__()
        self.detector = detector

    def forward(self, images: torch.Tensor) -> tuple:
        preprocessor = self.detector.data_preprocessor
        return tuple(self.detector.extract_feat((images.permute(0, 3, 1, 2).float() - preprocessor.mean) / preprocessor.std))

    @torch.no_grad()
    def example(self, height: int = 128, width: int = 128) -> tuple:
        """Runs on an image of noise: ``(images, maps)``."""
        images = torch.randint(0, 256, (1, height, width, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        return images, self(images)


class TorchFeatures:
    """``FeatureMaps`` by torch, wherever the detector is."""

    def __init__(self, detector: nn.Module):
        # Channels last takes a quarter less time on a CPU.
        self._maps = FeatureMaps(detector.to(memory_format=torch.channels_last))

    def __call__(self, images: np.ndarray) -> tuple:
        """The maps of uint8 ``(N, H, W, 3)`` RGB, as tensors."""
        with torch.inference_mode():
            device = next(self._maps.parameters()).device
            return self._maps(torch.from_numpy(np.ascontiguousarray(images)).to(device))
