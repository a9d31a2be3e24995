"""``StainNormalizer.apply`` on a batch of tensors, on any device."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mitos_mmdet.stain import reinhard
from mitos_mmdet.stain.concentrations import PENALTY
from mitos_mmdet.stain.stain_estimate import StainEstimate


class TorchStainNormalizer(nn.Module):
    """Normalises images to one target by estimates made beforehand; equal to ``StainNormalizer.apply`` within one grey level.

    Shapes: B images of H x W px.

    Args:
        target: A ``StainEstimate``; its method is the module's.
    """

    def __init__(self, target: StainEstimate):
        super().__init__()
        self.target = target
        self.method = target.method
        self._keep('target_matrix', target.matrix)
        if self.method == 'reinhard':
            for name, matrix in (('to_xyz', reinhard.RGB_TO_XYZ), ('to_lab', reinhard.XYZ_TO_LAB)):
                self._keep(name, matrix)
                self._keep(f'{name}_back', np.linalg.inv(matrix))
            self._keep('lab_offset', reinhard.LAB_OFFSET[:, None, None])
        else:
            self._keep('target_maxima', target.maxima)

    def _keep(self, name, values):
        """A constant that moves with the module, and is no weight: checkpoints do not hold it."""
        self.register_buffer(name, torch.tensor(np.array(values), dtype=torch.float32), persistent=False)

    def forward(self, images: torch.Tensor, matrices: torch.Tensor, maxima: torch.Tensor | None = None,
                valid: torch.Tensor | None = None) -> torch.Tensor:
        """Restains a batch.

        Args:
            images: ``(B, 3, H, W)`` RGB in 0..255, uint8 or float; not changed.
            matrices: ``(B, 2, 3)``, each image's ``StainEstimate.matrix``.
            maxima: ``(B, 2)``, each image's ``StainEstimate.maxima``; None with Reinhard.
            valid: ``(B, )`` bool: images without an estimate are False and pass unchanged, whatever stands in their rows of
                ``matrices`` and ``maxima``. None: all have one.

        Returns:
            torch.Tensor: ``(B, 3, H, W)`` of the dtype of ``images``. Whole numbers in 0..255, as of the CPU.

        Raises:
            ValueError: No ``maxima`` where the method needs them.
        """
        # In float32 also under AMP: half a digit of optical density is several grey levels.
        with torch.autocast(images.device.type, enabled=False):
            valid = torch.ones(len(images), dtype=torch.bool, device=images.device) if valid is None else valid.to(images.device)
            chosen = images[valid]
            matrices = matrices.to(images.device, torch.float32)[valid]
            if self.method == 'reinhard':
                pixels = self._transfer(chosen.float(), matrices)
            elif maxima is None:
                raise ValueError(f'maxima are missing: {self.method} needs those of every image')
            else:
                pixels = self._restain(chosen.float(), matrices, maxima.to(images.device, torch.float32)[valid])
            result = images.clone()
            result[valid] = pixels.to(images.dtype)
            return result

    def apply_estimates(self, images: torch.Tensor, sources: Sequence[StainEstimate | None]) -> torch.Tensor:
        """``forward`` by a list of B ``StainEstimate`` s of this method; images whose entry is None pass unchanged."""
        valid = torch.tensor([source is not None for source in sources])
        known = [source or self.target for source in sources]
        maxima = None if self.method == 'reinhard' else torch.tensor([source.maxima for source in known])
        return self(images, torch.tensor([source.matrix for source in known]), maxima, valid)

    def _restain(self, images, matrices, maxima):
        densities = (-(images.clamp(1, 255) / 255).log()).clamp(min=1e-6)
        gram = matrices @ matrices.transpose(1, 2)
        inverse = torch.linalg.inv(gram)
        free = _per_pixel(inverse @ matrices, densities) - PENALTY * inverse.sum(dim=2)[:, :, None, None]
        # As concentrations.Lasso.without_negative.
        concentrations = (free + gram[:, :1, 1:, None] * free.flip(1).clamp(max=0)).clamp(min=0)
        weights = (self.target_maxima / maxima)[:, :, None] * self.target_matrix
        return (255 * (-_per_pixel(weights.transpose(1, 2), concentrations)).exp()).clamp(max=255).floor()

    def _transfer(self, images, matrices):
        grey = images / 255
        linear = torch.where(grey > 0.04045, ((grey + 0.055) / 1.055)**2.4, grey / 12.92)
        xyz = _per_pixel(self.to_xyz[None], linear)
        roots = torch.where(xyz > 0.008856, xyz.clamp(min=1e-9)**(1 / 3), 7.787 * xyz + 16 / 116)
        lab = _per_pixel(self.to_lab[None], roots) - self.lab_offset
        (means, stds), (target_mean, target_std) = matrices.unbind(1), self.target_matrix
        lab = (lab - means[:, :, None, None]) * (target_std / stds)[:, :, None, None] + target_mean[:, None, None]
        roots = _per_pixel(self.to_lab_back[None], lab + self.lab_offset)
        xyz = torch.where(roots > 0.2068966, roots**3, (roots - 16 / 116) / 7.787)
        linear = _per_pixel(self.to_xyz_back[None], xyz).clamp(0, 1)
        return (255 * torch.where(linear > 0.0031308, 1.055 * linear**(1 / 2.4) - 0.055, 12.92 * linear)).round()


def _per_pixel(matrices, images):
    """``matrices``, ``(B, K, C)`` or ``(1, K, C)``, times each pixel of ``(B, C, H, W)``; by sums, which TF32 cannot coarsen."""
    return sum(matrices[:, :, channel, None, None] * images[:, channel, None] for channel in range(matrices.shape[2]))
