"""Trains ``PatchClassifier`` on patches that are augmented on the device."""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from mitos_mmdet.models.classifiers.patch_classifier import PatchClassifier, view_fields

# Optical densities of haematoxylin, eosin and the rest (Ruifrok and Johnston, 2001).
_HED = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))
_WARM_UP = 20


def train_network(draw: Callable[[np.random.Generator], tuple], arch: str = 'lite0', start: dict | None = None,
                  frozen_blocks: int | None = None, iterations: int = 900, lr: float = 5e-4, weight_decay: float = 0.05,
                  averaged: int = 50, seed: int = 0, device: str = 'cpu',
                  progress: Callable[[int, float], None] | None = None) -> PatchClassifier:
    """A network trained from ImageNet weights, its parameters averaged over the last iterations.

    Args:
        draw: Gives a batch: uint8 ``(N, 3, H, W)`` RGB, their um/px ``(N,)`` and whether they are of the class to find, bool ``(N,)``.
        arch: Of ``PatchClassifier``.
        start: Weights of a detector's ``EfficientNetLite`` (its ``body``'s state dict) to begin with instead.
        frozen_blocks: The stem and so many blocks keep their weights, and all batch norms but the last their statistics; None: all train.
        iterations, lr, weight_decay: Of AdamW with a cosine (ours).
        averaged: About how many of the last iterations count in the moving average of the weights (ours).
        seed: Of the draws.
        device: Where to train; a GPU trains in bfloat16.
        progress: Called with ``(step, loss)`` after each iteration.

    Returns:
        PatchClassifier: In evaluation mode.

    Raises:
        ValueError: ``start`` holds other weights.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device=device).manual_seed(seed)
    network = PatchClassifier(arch, pretrained=True)
    if start is not None:
        foreign = network.body.load_state_dict(start, strict=False).unexpected_keys
        if foreign:
            raise ValueError(f"start of train_network: '{foreign[0]}' is no weight of EfficientNet-{arch}. Give the state dict of a "
                             f"backbone's body")
    network = network.to(device, memory_format=torch.channels_last).train()
    if frozen_blocks is not None:
        _freeze(network.body, frozen_blocks)
    average = copy.deepcopy(network).eval()
    pairs = [(one, other) for one, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True)
             if one.is_floating_point()]
    optimizer = torch.optim.AdamW([weight for weight in network.parameters() if weight.requires_grad], lr, weight_decay=weight_decay)
    for step in range(iterations):
        for group in optimizer.param_groups:
            group['lr'] = lr * min((step + 1) / _WARM_UP, 1) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / iterations)))
        patches, um_per_px, wanted = draw(rng)
        um_per_px, targets = (torch.as_tensor(np.asarray(values), dtype=torch.float32, device=device) for values in (um_per_px, wanted))
        fields = augment(patches.to(device).float(), um_per_px, generator)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=torch.device(device).type == 'cuda'):
            logits = network(fields.contiguous(memory_format=torch.channels_last))  # a fifth faster on a CPU
        loss = F.binary_cross_entropy_with_logits(logits.float(), targets * 0.9 + 0.05)  # label smoothing (ours)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_([one for one, _ in pairs], [other for _, other in pairs], 1 / min(averaged, 5 + step / 5))
        if progress is not None:
            progress(step, loss.item())
    return average.eval()


def draw_evenly(patches: torch.Tensor, wanted: np.ndarray, um_per_px: np.ndarray, batch: int) -> Callable[[np.random.Generator], tuple]:
    """What draws batches with as many patches of the class to find as others.

    Args:
        patches: uint8 ``(N, 3, H, W)`` RGB tensor.
        wanted: bool ``(N,)`` array: which are of the class.
        um_per_px: ``(N,)`` array.
        batch: Patches in a batch.
    """
    groups = [np.flatnonzero(wanted), np.flatnonzero(~np.asarray(wanted))]

    def draw(rng):
        chosen = np.concatenate([rng.choice(group, batch // 2) for group in groups])
        return patches[torch.as_tensor(chosen, device=patches.device)], um_per_px[chosen], wanted[chosen]
    return draw


def _freeze(body, frozen_blocks):
    """Fixes the first layers, and the running statistics of all but the last norm, which a detector's backbone lacks."""
    for layer in (body.conv_stem, body.bn1, *body.blocks[:frozen_blocks]):
        layer.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, _BatchNorm) and layer is not body.bn2:
            layer.eval()


def augment(patches: torch.Tensor, um_per_px: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Fields of ``(N, 3, H, W)`` float patches: any angle, mirrored, scaled, shifted, with other stain strengths and light (ours)."""
    count, device = len(patches), patches.device

    def draw(low, high, *shape):
        return low + (high - low) * torch.rand(count, *shape, generator=generator, device=device)

    fields = view_fields(patches, um_per_px, draw(0, 2 * math.pi), torch.exp(draw(-0.2, 0.2)), draw(-5, 5, 2),
                         torch.where(draw(0, 1) < 0.5, 1.0, -1.0))
    stains = F.normalize(torch.tensor(_HED, device=device), dim=1)
    density = -torch.log((fields.clamp(0, 255) + 1) / 256)
    amounts = torch.einsum('nchw,cs->nshw', density, torch.linalg.inv(stains))
    amounts = amounts * draw(0.7, 1.3, 3)[..., None, None] + draw(-0.04, 0.04, 3)[..., None, None]
    fields = 256 * torch.exp(-torch.einsum('nshw,sc->nchw', amounts, stains)) - 1
    soft = F.avg_pool2d(F.pad(fields, (1, 1, 1, 1), mode='replicate'), 3, stride=1)
    fields = torch.lerp(fields, soft, draw(-0.4, 0.8, 1, 1, 1))  # sharper to softer
    return (fields * draw(0.9, 1.1, 1, 1, 1) + draw(-10, 10, 1, 1, 1)).clamp(0, 255)
