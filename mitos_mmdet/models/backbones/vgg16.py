"""``VGG16``: the network of Simonyan and Zisserman (2014) up to the last layer that is asked for, which gives maps by layer name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmcv.cnn import build_norm_layer
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import nn

if TYPE_CHECKING:
    import torch

_BLOCKS = (2, 2, 3, 3, 3)  # convolutions per stage; a pooling follows each stage
_LAYERS = tuple(f'conv{stage}_{number}' for stage, depth in enumerate(_BLOCKS, 1) for number in range(1, depth + 1))


@MODELS.register_module()
class VGG16(BaseModule):
    """Convolutions of VGG16, without anything after the last of ``out_layers``.

    A map is what its layer gives after ReLU and before pooling: stride 1 for ``conv1_*``, 2, 4, 8 and 16 for ``conv5_*``. Names are those
    of the paper's authors; MITOS-RCNN's ``conv1_3`` and ``conv2_3`` do not exist.

    Weights load by ``init_cfg=dict(type='Pretrained', checkpoint=...)`` from torchvision's keys (``features.0.weight``; with ``norm_cfg``
    those of ``vgg16_bn``) and from caffe's (``conv1_1.weight``). Each checkpoint has its own channel order, mean and scale:

    =============================== ===================================================================================
    ``torchvision://vgg16``         RGB, mean ``[123.675, 116.28, 103.53]``, std ``[58.395, 57.12, 57.375]``
    ``open-mmlab://vgg16_caffe``    RGB (its first layer was turned round), the same mean, std ``[1, 1, 1]``
    caffe's own (``conv1_1.*``)     BGR, mean ``[103.53, 116.28, 123.675]``, std ``[1, 1, 1]``
    =============================== ===================================================================================

    Args:
        out_layers: Names of the maps, in the order in which they are given (paper: MITOS-RCNN, section IV-B: conv3_3 and conv4_3).
        channels: Of the five stages (paper). Fewer make a small network that nothing pretrained fits (ours).
        norm_cfg: Norm after each convolution (paper: none; ours: BN where nothing is pretrained).
        ceil_mode: Poolings round up, as caffe's do: 299 px give 75 and 38 instead of 74 and 37 (ours: off, as torchvision).
        frozen_stages: The first so many stages are not trained. 2 is Faster R-CNN's (NIPS 2015: "conv3_1 and up"), in whose fashion
            MITOS-RCNN was trained; 0 or less trains all (ours, without pretrained weights).

    Raises:
        ValueError: Unknown layers; more frozen stages than there are; pretrained weights that leave a layer without its own.
    """

    def __init__(self, out_layers: Sequence[str] = ('conv3_3', 'conv4_3'), channels: Sequence[int] = (64, 128, 256, 512, 512),
                 norm_cfg: dict | None = None, ceil_mode: bool = False, frozen_stages: int = 0, init_cfg: dict | None = None):
        unknown = [name for name in out_layers if name not in _LAYERS]
        if unknown or not out_layers:
            raise ValueError(f"out_layers={tuple(out_layers)} of VGG16: name one or more of {', '.join(_LAYERS)}")
        if len(channels) != len(_BLOCKS) or frozen_stages > len(_BLOCKS):
            raise ValueError(f'VGG16 has {len(_BLOCKS)} stages: channels={tuple(channels)} and frozen_stages={frozen_stages} do not fit')
        super().__init__(init_cfg or [dict(type='Kaiming', layer='Conv2d'), dict(type='Constant', val=1, layer='_BatchNorm')])
        self.out_layers = tuple(out_layers)
        self.norm_cfg = norm_cfg
        self.frozen_stages = frozen_stages
        self._conv_at = {}  # layer name: index of its convolution
        self._map_at = {}  # layer name: index of its ReLU
        self._build(channels, ceil_mode)
        for layer in self._frozen_layers():
            layer.requires_grad_(False)
        self.register_load_state_dict_pre_hook(_read_layouts)

    def _build(self, channels, ceil_mode):
        """``self.features``: a flat sequence, so that torchvision's indices fit."""
        last = max(_LAYERS.index(name) for name in self.out_layers)
        self.features, before, stage = nn.Sequential(), 3, '1'
        for name in _LAYERS[:last + 1]:
            if name[4] != stage:
                self.features.append(nn.MaxPool2d(2, ceil_mode=ceil_mode))
                stage = name[4]
            width = channels[int(stage) - 1]
            self._conv_at[name] = len(self.features)
            self.features.append(nn.Conv2d(before, width, 3, padding=1))
            if self.norm_cfg is not None:
                self.features.append(build_norm_layer(self.norm_cfg, width)[1])
            self._map_at[name] = len(self.features)
            self.features.append(nn.ReLU(inplace=True))
            before = width

    def _frozen_layers(self):
        frozen = [name for name in self._map_at if int(name[4]) <= self.frozen_stages]
        return self.features[:self._map_at[frozen[-1]] + 1] if frozen else []

    def forward(self, images: 'torch.Tensor') -> tuple:
        """Maps of ``images`` ``(B, 3, H, W)``: a tuple of ``(B, C, H / stride, W / stride)``, in the order of ``out_layers``."""
        wanted, maps = {self._map_at[name]: name for name in self.out_layers}, {}
        for index, layer in enumerate(self.features):
            images = layer(images)
            if index in wanted:
                maps[wanted[index]] = images
        return tuple(maps[name] for name in self.out_layers)

    def train(self, mode: bool = True) -> 'VGG16':
        """As in torch, but norms of frozen stages keep their statistics."""
        super().train(mode)
        for layer in self._frozen_layers():
            layer.eval()
        return self


def _read_layouts(module, state_dict, prefix, *args):
    """Renames caffe's keys to torchvision's; refuses weights for the backbone alone that are not all there and of its shapes."""
    for name, index in module._conv_at.items():
        for part in ('weight', 'bias'):
            if f'{prefix}{name}.{part}' in state_dict:
                state_dict[f'{prefix}features.{index}.{part}'] = state_dict.pop(f'{prefix}{name}.{part}')
    if prefix:  # Part of a whole detector's checkpoint, whose reader says what does not fit.
        return
    for key, parameter in module.named_parameters():
        if key not in state_dict or state_dict[key].shape != parameter.shape:
            found = f'of shape {tuple(state_dict[key].shape)}' if key in state_dict else f"not among {', '.join(list(state_dict)[:3])}, ..."
            raise ValueError(f'the pretrained weights are no VGG16 of these channels and norms: {key} {tuple(parameter.shape)} is {found}. '
                             f"Give a checkpoint in torchvision's or caffe's layout, or init_cfg=None to start from scratch")
