"""``SparseDecoder``: mmdet's post-processing of a dense head, on the few positions whose score can matter."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead

from mitos_mmdet.model_zoo.tile_detections import TileDetections

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.networks.box_branch import BoxBranch

_SLACK = 1e-3  # Ours, of a logit: mmdet's own comparison with the threshold decides.


class SparseDecoder:
    """Detections in one tile from the maps of a one-stage head.

    The floor is applied to the logits first. What remains, some dozen of some thousand positions, goes on to the head's own code, so
    sigmoid, box decoding and NMS stay mmdet's. Heads with post-processing of their own get all of their maps.

    Args:
        head: The head in evaluation mode on the CPU.
        box_branch: ``BoxBranch`` where the maps hold the neck's features in the place of boxes, or None.
    """

    def __init__(self, head: BaseDenseHead, box_branch: 'BoxBranch | None' = None):
        self._head, self._box_branch = head, box_branch
        self._sparse = _is_common(head)
        self._priors = {}

    @torch.inference_mode()
    def __call__(self, maps: Sequence[Sequence[np.ndarray]], tile_shape: tuple[int, int], padded_shape: tuple[int, int],
                 score_floor: float = 0.0) -> TileDetections:
        """Decodes.

        Args:
            maps: The head's outputs, logits first: lists of one float32 array ``(1, C, h, w)`` per level. They are not kept.
            tile_shape, padded_shape: ``(height, width)`` px before and after padding; boxes are clipped to the former.
            score_floor: Detections that score less may be left out. Higher ones do not depend on them, as NMS goes by falling score.
        """
        info = dict(img_shape=tile_shape, ori_shape=tile_shape, scale_factor=(1.0, 1.0), batch_input_shape=padded_shape,
                    pad_shape=padded_shape)
        if not self._sparse:
            maps = [[torch.from_numpy(level.copy()) for level in levels] for levels in maps]
            return TileDetections.of(self._head.predict_by_feat(*maps, batch_img_metas=[info], rescale=False)[0])
        parts = []
        for level, (logits, boxes, *factors) in enumerate(zip(*maps, strict=True)):
            places = self._places(logits, score_floor)
            if len(places):
                parts.append((_columns(logits, places), self._boxes(level, boxes, places), *(_columns(one, places) for one in factors),
                              self._level_priors(maps[0])[level][places].flatten(0, 1)))
        if not parts:
            return TileDetections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
        logits, boxes, *factors, priors = map(list, zip(*parts, strict=True))
        factors = factors[0] if factors else [None] * len(parts)
        return TileDetections.of(self._head._predict_by_feat_single(logits, boxes, factors, priors, info, None))

    def _places(self, logits, score_floor):
        """Positions ``(n,)`` of a level where a class reaches the floor."""
        least = max(score_floor, self._head.test_cfg.get('score_thr', 0.0))
        if least >= 1:
            return np.zeros(0, np.int64)
        least = math.log(least / (1 - least)) - _SLACK if least > 0 else -math.inf
        return np.flatnonzero(logits[0].max(axis=0) >= least)

    def _boxes(self, level, boxes, places):
        if self._box_branch is None:
            return _columns(boxes, places)
        return self._box_branch(level, boxes[0], places)[:, None]

    def _level_priors(self, logits):
        """Priors of each level, ``(h * w, priors per position, ...)``; those of the last size of tile are kept."""
        sizes = tuple(level.shape[-2:] for level in logits)
        known = self._priors.get(sizes)
        if known is None:
            levels = self._head.prior_generator.grid_priors(sizes, device='cpu')
            known = [priors.reshape(height * width, -1, priors.shape[-1]) for priors, (height, width) in zip(levels, sizes, strict=True)]
            self._priors = {sizes: known}  # another thread's stream may replace it at any time
        return known


def _is_common(head):
    """Whether a head's scores are sigmoids, and its post-processing is what most heads of mmdet share."""
    own = type(head)
    return (issubclass(own, BaseDenseHead) and own.predict_by_feat is BaseDenseHead.predict_by_feat
            and own._predict_by_feat_single is BaseDenseHead._predict_by_feat_single
            and bool(getattr(head, 'use_sigmoid_cls', False)) and not getattr(head.loss_cls, 'custom_cls_channels', False))


def _columns(level, places):
    """The chosen positions of a map ``(1, C, h, w)``, as a map ``(C, 1, n)``."""
    return torch.from_numpy(level[0].reshape(level.shape[1], -1)[:, places][:, None])
