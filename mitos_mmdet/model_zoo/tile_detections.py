"""``TileDetections``: what a model found in one tile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmengine.structures import InstanceData


@dataclass(frozen=True)
class TileDetections:
    """Detections in px of their tile.

    Attributes:
        boxes: ``(n, 4)`` float32 xyxy.
        scores: ``(n,)`` float32.
        labels: ``(n,)`` int64, indices into the model's classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, instances: 'InstanceData') -> 'TileDetections':
        """Of mmdet's ``InstanceData``."""
        return cls(instances.bboxes.float().cpu().numpy().reshape(-1, 4), instances.scores.float().cpu().numpy(),
                   instances.labels.cpu().numpy().astype(np.int64))

    def __len__(self):
        return len(self.scores)
