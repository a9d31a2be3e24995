"""Trains ``AtypicalNetwork`` on patches in memory, augmented on the device; patient-level folds and balanced accuracy."""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from mitos_mmdet.models.classifiers.atypical_network import AtypicalNetwork, view_fields

# Optical densities of haematoxylin, eosin and the rest (Ruifrok and Johnston, 2001).
_HED = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))
_WARM_UP = 20


def train_network(patches: torch.Tensor, atypical: np.ndarray, um_per_px: np.ndarray, start: dict | None = None, frozen_blocks: int = 2,
                  iterations: int = 900, batch: int = 64, lr: float = 5e-4, weight_decay: float = 0.05, seed: int = 0, device: str = 'cpu',
                  progress: Callable[[int, float], None] | None = None) -> AtypicalNetwork:
    """A network trained from ImageNet weights, its parameters averaged over the last iterations.

    Args:
        patches: uint8 ``(N, 3, H, W)`` RGB tensor.
        atypical: bool ``(N,)`` array; both classes are drawn equally often.
        um_per_px: ``(N,)`` array.
        start: Weights of a detector's ``EfficientNetLite`` (its ``body``'s state dict) to begin with instead.
        frozen_blocks: The stem and so many blocks keep their weights, and all batch norms but the last their statistics (ours).
        iterations, batch, lr, weight_decay: Of AdamW with a cosine (ours).
        seed: Of the draws.
        device: Where to train; a GPU trains in bfloat16.
        progress: Called with ``(step, loss)`` after each iteration.

    Returns:
        AtypicalNetwork: In evaluation mode.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device=device).manual_seed(seed)
    network = AtypicalNetwork(pretrained=True)
    if start is not None:
        network.body.load_state_dict(start, strict=False)
    network = _freeze(network.to(device, memory_format=torch.channels_last).train(), frozen_blocks)
    average = copy.deepcopy(network).eval()
    pairs = [(one, other) for one, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True)
             if one.is_floating_point()]
    optimizer = torch.optim.AdamW([weight for weight in network.parameters() if weight.requires_grad], lr, weight_decay=weight_decay)
    groups = [np.flatnonzero(atypical), np.flatnonzero(~np.asarray(atypical))]
    patches, sizes = patches.to(device), torch.as_tensor(np.asarray(um_per_px), dtype=torch.float32, device=device)
    targets = torch.as_tensor(np.asarray(atypical), dtype=torch.float32, device=device)
    for step in range(iterations):
        for group in optimizer.param_groups:
            group['lr'] = lr * min((step + 1) / _WARM_UP, 1) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / iterations)))
        chosen = torch.as_tensor(np.concatenate([rng.choice(group, batch // 2) for group in groups]), device=device)
        fields = augment(patches[chosen].float(), sizes[chosen], generator)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=torch.device(device).type == 'cuda'):
            logits = network(fields.contiguous(memory_format=torch.channels_last))  # a fifth faster on a CPU
        loss = F.binary_cross_entropy_with_logits(logits.float(), targets[chosen] * 0.9 + 0.05)  # label smoothing (ours)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_([one for one, _ in pairs], [other for _, other in pairs], 1 / min(50, 5 + step / 5))
        if progress is not None:
            progress(step, loss.item())
    return average.eval()


def _freeze(network, frozen_blocks):
    """The network with its first layers fixed, and the running statistics of all but the last norm, which a detector's backbone lacks."""
    body = network.body
    for layer in (body.conv_stem, body.bn1, *body.blocks[:frozen_blocks]):
        layer.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, _BatchNorm) and layer is not body.bn2:
            layer.eval()
    return network


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


def patient_folds(patients: ArrayLike, atypical: ArrayLike, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Fold number ``(N,)`` of each patch: patients stay whole, and folds get about as many patches and atypical ones each."""
    patients, atypical = np.asarray(patients), np.asarray(atypical, bool)
    names = np.random.default_rng(seed).permutation(np.unique(patients))
    counts = {name: np.array([(patients == name).sum(), atypical[patients == name].sum()], float) for name in names}
    share, totals, fold_of = np.array([len(patients), max(atypical.sum(), 1)]), np.zeros((folds, 2)), {}
    for name in sorted(names, key=lambda name: -counts[name].sum()):
        fold_of[name] = int(np.argmin(((totals + counts[name]) / share).max(axis=1)))
        totals[fold_of[name]] += counts[name]
    return np.array([fold_of[name] for name in patients])


def balanced_accuracy(atypical: ArrayLike, probability: ArrayLike, threshold: float = 0.5) -> float:
    """Mean of the shares of atypical and of normal figures classified correctly; NaN without one of the classes."""
    atypical, called = np.asarray(atypical, bool), np.asarray(probability) >= threshold
    if atypical.all() or not atypical.any():
        return float('nan')
    return float((called[atypical].mean() + (~called[~atypical]).mean()) / 2)


def bootstrap_interval(patients: ArrayLike, atypical: ArrayLike, probability: ArrayLike, resamples: int = 1000, seed: int = 0) -> tuple:
    """95 % interval ``(low, high)`` of the balanced accuracy, patients resampled."""
    patients, rng = np.asarray(patients), np.random.default_rng(seed)
    rows = [np.flatnonzero(patients == name) for name in np.unique(patients)]
    values = []
    for _ in range(resamples):
        chosen = np.concatenate([rows[number] for number in rng.integers(len(rows), size=len(rows))])
        values.append(balanced_accuracy(np.asarray(atypical)[chosen], np.asarray(probability)[chosen]))
    return tuple(np.nanpercentile(values, [2.5, 97.5]).round(4).tolist())
