"""``BoxBranch``: RTMDet's box branch, computed at the few positions that need a box."""

import numpy as np
import torch
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads import RTMDetSepBNHead
from torch import nn

_STEPS = np.mgrid[-1:2, -1:2].reshape(2, 9)  # y and x of a 3 x 3 kernel


class BoxBranch:
    """The branch of an ``RTMDetSepBNHead`` that predicts distances to the four sides, as matrix products over chosen positions.

    A fifth of the bundled detector's arithmetic is in this branch, and one position in fifty needs it. The values are those of the whole
    maps, in another order of sums.

    Args:
        head: In evaluation mode on the CPU, with ``fits(head)``.
    """

    def __init__(self, head: RTMDetSepBNHead):
        self._levels = [[_Rows(module.conv, module.norm, module.activate) for module in convs] for convs in head.reg_convs]
        self._last = [_Rows(conv) for conv in head.rtm_reg]
        self._exp = head.exp_on_reg
        self._strides = [stride[0] for stride in head.prior_generator.strides]

    @staticmethod
    def fits(head: nn.Module) -> bool:
        """Whether the head computes its boxes as this class does."""
        return (isinstance(head, RTMDetSepBNHead) and type(head).forward is RTMDetSepBNHead.forward and not head.with_objectness
                and head.pred_kernel_size == 1 and all(map(_is_plain, (module for convs in head.reg_convs for module in convs))))

    def __call__(self, level: int, features: np.ndarray, places: np.ndarray) -> torch.Tensor:
        """Distances in px.

        Args:
            level: Index of the level.
            features: float32 ndarray ``(h, w, C)`` of the neck.
            places: int64 ndarray ``(n,)``, positions ``y * w + x``, rising.

        Returns:
            Tensor: ``(priors * 4, n)``.
        """
        height, width, channels = features.shape
        convs, seen = self._levels[level], [_around(places, height, width)]
        for _ in convs[1:]:  # what the next convolution sees is what this one computes
            seen.insert(0, _around(np.unique(seen[0][seen[0] >= 0]), height, width))
        rows, known = torch.from_numpy(features.reshape(-1, channels)), np.arange(height * width)
        for conv, around in zip(convs, seen, strict=True):
            rows = conv(_gathered(rows, np.searchsorted(known, around), around < 0))
            known = around[:, 4]
        distances = self._last[level](rows)
        return (distances.exp() if self._exp else distances).T * self._strides[level]


class _Rows:
    """A convolution with its normalisation and activation, on rows ``(n, k * k * C)`` of what it sees."""

    def __init__(self, conv, norm=None, activate=None):
        scale, shift = torch.ones(conv.out_channels), torch.zeros(conv.out_channels)
        if norm is not None:
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            shift = norm.bias - norm.running_mean * scale
        bias = 0 if conv.bias is None else conv.bias
        self._weight = (conv.weight * scale[:, None, None, None]).permute(2, 3, 1, 0).flatten(0, 2).detach().contiguous()
        self._bias = (bias * scale + shift).detach()
        self._activate = activate or nn.Identity()

    def __call__(self, rows):
        return self._activate(torch.addmm(self._bias, rows, self._weight))


def _around(places, height, width):
    """The 3 x 3 positions around each place, row by row, -1 beyond the map: ``(n, 9)``."""
    y, x = (side[:, None] + step for side, step in zip(np.divmod(places, width), _STEPS, strict=True))
    return np.where((y >= 0) & (y < height) & (x >= 0) & (x < width), y * width + x, -1)


def _gathered(rows, index, beyond):
    """Rows ``(m, C)`` side by side as ``index`` ``(n, k)`` names them, zeros where ``beyond``: ``(n, k * C)``."""
    found = rows[torch.from_numpy(index.ravel())]
    found[torch.from_numpy(beyond.ravel())] = 0
    return found.view(len(index), -1)


def _is_plain(module):
    """Whether it is a 3 x 3 convolution with zeros around it, batch normalisation and an activation, in this order."""
    return (type(module) is ConvModule and type(module.conv) is nn.Conv2d and module.order == ('conv', 'norm', 'act')
            and isinstance(module.norm, nn.BatchNorm2d) and module.with_activation
            and (module.conv.kernel_size, module.conv.padding, module.conv.stride, module.conv.dilation, module.conv.groups)
            == ((3, 3), (1, 1), (1, 1), (1, 1), 1))
