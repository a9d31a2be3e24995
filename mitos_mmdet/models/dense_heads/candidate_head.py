"""``CandidateHead``: which pixels belong to a mitotic figure, and the candidates that they make (phase one of the two-phase detector)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule, bias_init_with_prob
from mmengine.structures import InstanceData
from torch import nn
from torch.nn import functional as F

from mitos_mmdet.core.candidates import find_candidates

if TYPE_CHECKING:
    from mmdet.structures import SampleList


@MODELS.register_module()
class CandidateHead(BaseModule):
    """Scores maps of several strides, adds the scores up to the finest (FCN-8s: Long, Shelhamer and Darrell, CVPR 2015, section 4.2).

    The head of a ``SingleStageDetector``: its loss is over all pixels, its predictions are the connected components of the probability
    map. Mitotic figures are the instances of label 0; other classes (hard negatives) are background. Upsampling is bilinear, not learnt
    (ours).

    Args:
        in_channels: Of the maps, fine to coarse (FCN-8s on VGG16: pool3, pool4, fc7).
        disc_radius: px around the centre of a box that count as mitotic figure where the samples carry no masks (paper: Mask R-CNN on
            TUPAC16, section 3.3, draws circles of 10 to 16; ours: their middle).
        loss_mask: A loss of mmdet over pixels (ours: cross-entropy with mitotic figures ten times as heavy, as they cover less than
            a hundredth of a patch and a missed one is lost for good).
        prior: Probability of a mitotic figure that the head starts with (ours).
        train_cfg: Unused; ``SingleStageDetector`` hands it on.
        test_cfg: Arguments of ``mitos_mmdet.core.candidates.find_candidates``: ``threshold``, ``min_area_px``.
    """

    def __init__(self, in_channels: Sequence[int] = (256, 512, 4096), disc_radius: float = 13, loss_mask: dict | None = None,
                 prior: float = 0.01, train_cfg: dict | None = None, test_cfg: dict | None = None, init_cfg: dict | None = None):
        super().__init__(init_cfg or dict(type='Normal', layer='Conv2d', std=0.01))
        self.scores = nn.ModuleList(nn.Conv2d(channels, 1, 1) for channels in in_channels)
        self.disc_radius = disc_radius
        self.loss_mask = MODELS.build(loss_mask or dict(type='CrossEntropyLoss', use_sigmoid=True, class_weight=[10.0]))
        self.prior = prior
        self.test_cfg = test_cfg or {}

    def init_weights(self) -> None:
        """As in mmengine; the bias makes every pixel ``prior``."""
        super().init_weights()
        nn.init.constant_(self.scores[0].bias, bias_init_with_prob(self.prior))

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits ``(B, 1, h, w)`` at the finest map's stride, from maps ``(B, C, h, w)``, fine to coarse."""
        logits = None
        for score, features in zip(reversed(self.scores), reversed(maps), strict=True):
            own = score(features)
            logits = own if logits is None else own + _resize(logits, own.shape[-2:])
        return logits

    def loss(self, maps: Sequence[torch.Tensor], batch_data_samples: 'SampleList') -> dict:
        """Loss over the pixels of the images themselves, without what pads them.

        Args:
            maps: As in ``forward``.
            batch_data_samples: With ``gt_instances``: ``labels`` and ``masks``, or ``bboxes`` where there are no masks.

        Returns:
            dict: ``loss_mask``.
        """
        size = batch_data_samples[0].batch_input_shape
        logits = _resize(self.forward(maps), size).reshape(-1, 1)
        targets, inside = torch.zeros(2, len(batch_data_samples), *size, device=logits.device)
        for target, valid, sample in zip(targets, inside, batch_data_samples, strict=True):
            height, width = sample.img_shape[:2]
            valid[:height, :width] = 1
            target[:height, :width] = self.target(sample.gt_instances, height, width)
        return dict(loss_mask=self.loss_mask(logits, targets.reshape(-1, 1), inside.reshape(-1, 1), avg_factor=inside.sum()))

    def target(self, instances: InstanceData, height: int, width: int) -> torch.Tensor:
        """What the map should be: ``(height, width)`` float, 1 within mitotic figures.

        Args:
            instances: ``labels`` ``(N,)`` and ``masks`` (N of at least that size) or ``bboxes`` ``(N, 4)`` xyxy px.
        """
        figures = instances.labels == 0
        if 'masks' in instances:
            masks = instances.masks.to_tensor(torch.float32, figures.device)[figures, :height, :width]
        else:
            centres = (instances.bboxes[figures, :2] + instances.bboxes[figures, 2:]) / 2
            # The middle of a pixel lies half a px after its number.
            x, y = (torch.arange(side, device=figures.device) + 0.5 for side in (width, height))
            distances = torch.hypot(x - centres[:, 0, None, None], y[:, None] - centres[:, 1, None, None])
            masks = (distances <= self.disc_radius).float()
        return masks.sum(dim=0).clamp(max=1)

    def predict(self, maps: Sequence[torch.Tensor], batch_data_samples: 'SampleList', rescale: bool = True) -> list:
        """Candidates of each image.

        Returns:
            list[InstanceData]: ``bboxes`` ``(N, 4)`` xyxy px, around components, ``scores`` ``(N,)``, ``labels`` ``(N,)``, all 0. With
            ``rescale`` in pixels of the original image.
        """
        probabilities = _resize(self.forward(maps), batch_data_samples[0].batch_input_shape).sigmoid()[:, 0]
        found = []
        for probability, sample in zip(probabilities, batch_data_samples, strict=True):
            height, width = sample.img_shape[:2]
            boxes, scores = find_candidates(probability[:height, :width].detach().float().cpu().numpy(), **self.test_cfg)
            boxes, scores = (torch.from_numpy(values).to(probability.device) for values in (boxes, scores))
            if rescale:
                boxes = boxes / boxes.new_tensor(sample.metainfo.get('scale_factor', (1.0, 1.0))).repeat(2)
            found.append(InstanceData(bboxes=boxes, scores=scores, labels=torch.zeros_like(scores, dtype=torch.long)))
        return found


def _resize(maps, size):
    return F.interpolate(maps.float(), size=tuple(size), mode='bilinear', align_corners=False)
