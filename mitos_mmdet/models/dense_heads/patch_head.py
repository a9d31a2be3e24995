"""``PatchHead``: is there a mitotic figure in the middle of a patch (phase two of the two-phase detector)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import nn

if TYPE_CHECKING:
    from mmdet.structures import SampleList


@MODELS.register_module()
class PatchHead(BaseModule):
    """Classifies an image as a whole: average pooling and one fully connected layer, as in ResNet.

    The head of a ``SingleStageDetector``, whose images are then patches: one of the first class holds an instance of label 0, any other is
    none. A patch's prediction is one box, the patch, so that ``CentroidMetric`` counts patches as it counts mitotic figures.

    Args:
        in_channels: Of the last map (paper: Mask R-CNN on TUPAC16, section 3.4, ResNet101: 2048).
        loss_cls: A loss of mmdet over two classes (paper, section 3.8: cross-entropy).
        train_cfg, test_cfg: Unused; ``SingleStageDetector`` hands them on.
    """

    def __init__(self, in_channels: int = 2048, loss_cls: dict | None = None, train_cfg: dict | None = None, test_cfg: dict | None = None,
                 init_cfg: dict | None = None):
        super().__init__(init_cfg or dict(type='Normal', layer='Linear', std=0.01))
        self.fc = nn.Linear(in_channels, 2)
        self.loss_cls = MODELS.build(loss_cls or dict(type='CrossEntropyLoss', use_sigmoid=False))

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits ``(B, 2)``, mitotic figure and none, from maps of which the last ``(B, C, h, w)`` is used."""
        return self.fc(maps[-1].mean(dim=(2, 3)))

    def loss(self, maps: Sequence[torch.Tensor], batch_data_samples: 'SampleList') -> dict:
        """``loss_cls``, and the share ``accuracy`` of patches that are classified correctly."""
        logits = self.forward(maps)
        targets = torch.stack([(sample.gt_instances.labels != 0).all().long() for sample in batch_data_samples])
        return dict(loss_cls=self.loss_cls(logits, targets), accuracy=(logits.argmax(dim=1) == targets).float().mean())

    def predict(self, maps: Sequence[torch.Tensor], batch_data_samples: 'SampleList', rescale: bool = True) -> list:
        """The probability of a mitotic figure, for each patch.

        Returns:
            list[InstanceData]: One instance per patch: ``bboxes`` ``(1, 4)``, the patch (with ``rescale`` in its original pixels),
            ``scores`` ``(1,)``, ``labels`` ``(1,)``, 0.
        """
        probabilities = self.forward(maps).softmax(dim=1)[:, :1]
        found = []
        for scores, sample in zip(probabilities, batch_data_samples, strict=True):
            height, width = sample.img_shape[:2]
            boxes = scores.new_tensor([[0, 0, width, height]])
            if rescale:
                boxes = boxes / boxes.new_tensor(sample.metainfo.get('scale_factor', (1.0, 1.0))).repeat(2)
            found.append(InstanceData(bboxes=boxes, scores=scores, labels=torch.zeros_like(scores, dtype=torch.long)))
        return found
