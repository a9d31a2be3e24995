"""``FullyConvNeck``: VGG16's fully connected layers as convolutions (Long, Shelhamer and Darrell, CVPR 2015, section 3.1)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    import torch


@MODELS.register_module()
class FullyConvNeck(BaseModule):
    """Pools the maps of a VGG16 as the network itself does, and runs fc6 and fc7 over the last one.

    The weights of the fully connected layers load by ``init_cfg=dict(type='Pretrained', prefix='classifier.', checkpoint=
    'torchvision://vgg16')``; those of fc8, ImageNet's classes, are not used.

    Args:
        in_channels: Of the last map (paper: Mask R-CNN on TUPAC16, section 3.4, VGG16: 512).
        channels: Of fc6 and fc7 (paper: VGG16's 4096). Fewer fit no pretrained weights.
        kernel_size: Of fc6 (VGG16: 7, its map of a 224 px image).
        dropout: After each layer (VGG16: 0.5).
        norm_cfg: Norm of each layer (paper: none; ours: BN where nothing is pretrained).
    """

    def __init__(self, in_channels: int = 512, channels: int = 4096, kernel_size: int = 7, dropout: float = 0.5,
                 norm_cfg: dict | None = None, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        # Padded, so that the maps keep their places; FCN pads the image by 100 px and crops instead.
        self.fc6 = ConvModule(in_channels, channels, kernel_size, padding=kernel_size // 2, norm_cfg=norm_cfg)
        self.fc7 = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)
        self.dropout = nn.Dropout2d(dropout)
        self.register_load_state_dict_pre_hook(_read_fully_connected)

    def forward(self, maps: 'Sequence[torch.Tensor]') -> tuple:
        """Pooled maps, and fc7's.

        Args:
            maps: ``(B, C, h, w)`` each, before pooling, fine to coarse (``VGG16``'s conv3_3, conv4_3, conv5_3 of stride 4, 8, 16).

        Returns:
            tuple: As many maps of twice the stride; in place of the last one fc7's ``(B, channels, h / 2, w / 2)``.
        """
        *fine, last = (F.max_pool2d(features, 2) for features in maps)
        return *fine, self.dropout(self.fc7(self.dropout(self.fc6(last))))


def _read_fully_connected(module, state_dict, prefix, *args):
    """Renames torchvision's ``classifier`` and gives its matrices the shape of kernels; refuses what does not fit."""
    if f'{prefix}0.weight' not in state_dict:
        return
    for name, index in (('fc6', 0), ('fc7', 3)):
        kernel = getattr(module, name).conv.weight
        weight = state_dict.pop(f'{prefix}{index}.weight')
        if weight.numel() != kernel.numel() or weight.shape[0] != kernel.shape[0]:
            raise ValueError(f'{name} of the pretrained weights is {tuple(weight.shape)}, which does not fit {tuple(kernel.shape)}. Give '
                             f"VGG16's own channels, or init_cfg=None to start from scratch")
        state_dict[f'{prefix}{name}.conv.weight'] = weight.reshape(kernel.shape)
        state_dict[f'{prefix}{name}.conv.bias'] = state_dict.pop(f'{prefix}{index}.bias')
