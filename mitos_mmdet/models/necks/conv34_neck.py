"""``Conv34Neck``: MITOS-RCNN's conv3+4 map (section IV-B.2)."""

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import nn

_EPS = 1e-6  # Ours: keeps the gradient finite where a map is zero in all channels, as behind a blank image and a zero bias.


@MODELS.register_module()
class Conv34Neck(BaseModule):
    """Joins a map of stride 4 with one of stride 8.

    The coarse map is brought to the fine one's size by a deconvolution of stride 2; both are L2-normalised over channels and scaled by a
    learnt factor for each channel, concatenated, and reduced by a 1 x 1 convolution.

    Args:
        in_channels: Of the fine and the coarse map (paper: VGG16's conv3_3 and conv4_3).
        out_channels: Of the joint map (paper: 256).
        scale: Where the learnt factors start (ours: 20, as in SSD after ParseNet; the paper names none. At 1 the values of a normalised map
            of 512 channels lie near 0.04, and layers that start from a Gaussian of 0.01 see next to nothing).
        out_maps: Which maps to give, in this order; mmdet pools RoIs from the first ones (ours: ``'joint'`` first, the paper leaves open
            from which map it pools). ``('joint', )`` alone suits a stock RPN, whose maps all have the same channels.
        init_cfg: Start of the layers (paper: a zero-mean Gaussian of 0.01).

    Raises:
        ValueError: ``out_maps`` are not the two names in some order, or ``'joint'`` alone.
    """

    def __init__(self, in_channels: Sequence[int] = (256, 512), out_channels: int = 256, scale: float = 20.0,
                 out_maps: Sequence[str] = ('joint', 'coarse'), init_cfg: dict | None = None):
        if sorted(out_maps) != ['coarse', 'joint'] and tuple(out_maps) != ('joint', ):
            raise ValueError(f"out_maps={tuple(out_maps)} of Conv34Neck: ('joint', 'coarse'), ('coarse', 'joint') or ('joint', )")
        super().__init__(init_cfg or dict(type='Normal', layer=['Conv2d', 'ConvTranspose2d'], std=0.01))
        fine, coarse = in_channels
        self.out_maps = tuple(out_maps)
        self.deconv = nn.ConvTranspose2d(coarse, coarse, 4, stride=2, padding=1)
        self.fine_scale = nn.Parameter(torch.full((fine, 1, 1), float(scale)))
        self.coarse_scale = nn.Parameter(torch.full((coarse, 1, 1), float(scale)))
        self.reduce = nn.Conv2d(fine + coarse, out_channels, 1)

    def forward(self, maps: Sequence[torch.Tensor]) -> tuple:
        """Joint and coarse map.

        Args:
            maps: ``(fine, coarse)``: ``(B, C3, H, W)`` and ``(B, C4, h, w)``. H is 2h, or 1 px more (poolings that round down) or less
                (that round up); W likewise.

        Returns:
            tuple: In the order of ``out_maps``: the joint map ``(B, out_channels, H, W)`` and the coarse map as it came.
        """
        fine, coarse = maps
        joint = torch.cat([_l2_normalise(fine) * self.fine_scale,
                           _l2_normalise(self._upsample(coarse, fine.shape[-2:])) * self.coarse_scale], dim=1)
        maps = dict(joint=self.reduce(joint), coarse=coarse)
        return tuple(maps[name] for name in self.out_maps)

    def _upsample(self, coarse, size):
        # The deconvolution can give 2h or 2h + 1; the last row of 2h is cut off where the fine map has 2h - 1.
        sides = [max(side, 2 * half) for side, half in zip(size, coarse.shape[-2:], strict=True)]
        return self.deconv(coarse, output_size=sides)[..., :size[0], :size[1]]


def _l2_normalise(features):
    # In float32 also under mixed precision: squares of caffe's activations, some hundreds, overflow a half.
    features = features.float()
    return features * (features.square().sum(dim=1, keepdim=True) + _EPS).rsqrt()
