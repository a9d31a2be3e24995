"""``MiddleScores``: how likely the middle of a crop is of a class, by a two-stage detector's RoI head."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn


class MiddleScores:
    """Scores a box of one size in the middle of each crop, as if it were a proposal.

    Args:
        roi_head: mmdet ``StandardRoIHead`` in evaluation mode.
        label: Index of the class.
        features: The maps of crops: ``FeatureMaps`` of the same detector, by torch or OpenVINO.
        side: Of the box, px.
    """

    def __init__(self, roi_head: nn.Module, label: int, features: Callable[[np.ndarray], tuple], side: float):
        self._head, self._label, self._features, self._side = roi_head, label, features, side

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Probabilities ``(N,)`` float64 of crops: uint8 ``(N, H, W, 3)`` RGB."""
        if not len(crops):
            return np.zeros(0)
        height, width = crops.shape[1:3]
        pool = self._head.bbox_roi_extractor
        with torch.inference_mode():
            maps = self._features(crops)[:pool.num_inputs]
            x, y, half = width / 2, height / 2, self._side / 2
            boxes = maps[0].new_tensor([[image, x - half, y - half, x + half, y + half] for image in range(len(crops))])
            return self._head.bbox_head(pool(maps, boxes))[0].softmax(dim=1)[:, self._label].double().cpu().numpy()
