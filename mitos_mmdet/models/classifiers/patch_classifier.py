"""``PatchClassifier``: EfficientNet-lite on the middle of a patch. It finds atypical mitotic figures, or true ones among candidates."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

UM_PER_PX = 0.25  # ours: TUPAC16's and the Aperio half of AMi-Br
PATCH_PX = 128  # AMi-Br's patches
FIELD_PX, INPUT_PX = 80, 128  # ours: 20 um around the figure's centre, enlarged 1.6 times
MEAN, STD = 127.0, 128.0  # of the ImageNet weights


class PatchClassifier(nn.Module):
    """One logit per patch. Its state dict is timm's, under ``body.``.

    Args:
        arch: ``'lite0'``, ``'lite1'`` or ``'lite2'``.
        pretrained: Start from ImageNet (``imagenet_weights``), as training does; weights of a checkpoint need none.
        drop_rate: Dropout before the last layer (ours).
    """

    def __init__(self, arch: str = 'lite0', pretrained: bool = False, drop_rate: float = 0.3):
        super().__init__()
        import timm
        self.body = timm.create_model(f'tf_efficientnet_{arch}', num_classes=1, drop_rate=drop_rate)
        if pretrained:
            from mitos_mmdet.models.backbones.efficientnet_lite import imagenet_weights
            weights = {key: value for key, value in imagenet_weights(arch).items() if not key.startswith('classifier')}
            self.body.load_state_dict(weights, strict=False)

    def forward(self, fields: torch.Tensor) -> torch.Tensor:
        """Logits ``(N,)`` of ``fields``: ``(N, 3, INPUT_PX, INPUT_PX)`` RGB, 0 to 255, as ``view_fields`` gives them."""
        return self.body((fields - MEAN) / STD).squeeze(1)

    @torch.no_grad()
    def example(self, height: int = INPUT_PX, width: int = INPUT_PX) -> tuple:
        """Runs on a field of noise: ``(fields, (logits, ))``."""
        fields = 255 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
        return fields, (self(fields), )


def view_fields(patches: torch.Tensor, um_per_px: float | torch.Tensor = UM_PER_PX, angle: float | torch.Tensor = 0.0,
                scale: float | torch.Tensor = 1.0, shift: float | torch.Tensor = 0.0, flip: float | torch.Tensor = 1.0) -> torch.Tensor:
    """The middle of each patch as the network sees it, turned, scaled and shifted.

    Args:
        patches: ``(N, 3, H, W)`` RGB float, 0 to 255.
        um_per_px: Of the patches; number or ``(N,)``.
        angle: Radians; number or ``(N,)``.
        scale: Above 1 enlarges; number or ``(N,)``.
        shift: px of the patch along x and y; number or ``(N, 2)``.
        flip: 1, or -1 to mirror; number or ``(N,)``.

    Returns:
        torch.Tensor: ``(N, 3, INPUT_PX, INPUT_PX)``; beyond the patch its border is repeated.
    """
    count, _, height, width = patches.shape
    angle, scale, flip, um_per_px = (torch.as_tensor(value, dtype=torch.float32, device=patches.device).expand(count)
                                     for value in (angle, scale, flip, um_per_px))
    shift = torch.as_tensor(shift, dtype=torch.float32, device=patches.device).expand(count, 2)
    reach = FIELD_PX * UM_PER_PX / um_per_px / scale
    cos, sin = torch.cos(angle) * reach, torch.sin(angle) * reach
    theta = torch.stack([
        torch.stack([cos * flip / width, -sin / width, 2 * shift[:, 0] / width], dim=1),
        torch.stack([sin * flip / height, cos / height, 2 * shift[:, 1] / height], dim=1)], dim=1)
    grid = F.affine_grid(theta, (count, 3, INPUT_PX, INPUT_PX), align_corners=False)
    return F.grid_sample(patches, grid, mode='bilinear', padding_mode='border', align_corners=False)


@torch.inference_mode()
def probabilities(network: Callable[[torch.Tensor], torch.Tensor], patches: torch.Tensor, um_per_px: float | torch.Tensor = UM_PER_PX,
                  batch: int = 64, turns: int = 4) -> np.ndarray:
    """Probability of the class that the network was trained to find; both classes are taken as equally likely beforehand.

    Args:
        network: ``PatchClassifier`` in evaluation mode, or what gives its logits.
        patches: uint8 ``(N, 3, H, W)`` RGB tensor on the network's device, the figures in their middles.
        um_per_px: Of the patches; number or ``(N,)``.
        batch: Patches at a time.
        turns: Quarter turns whose mean counts, 1 to 4.

    Returns:
        numpy.ndarray: ``(N,)`` float64.
    """
    found = [np.zeros(0)]
    sizes = torch.as_tensor(np.broadcast_to(np.asarray(um_per_px, np.float32), len(patches)).copy(), device=patches.device)
    for start in range(0, len(patches), batch):
        fields = view_fields(patches[start:start + batch].float(), sizes[start:start + batch])
        views = [network(torch.rot90(fields, turn, (2, 3))).float().sigmoid() for turn in range(turns)]
        found.append(torch.stack(views).mean(dim=0).double().cpu().numpy())
    return np.concatenate(found)
