"""``BatchedRTMDetHead``: mmdet's ``RTMDetSepBNHead`` with targets and losses of the whole batch at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from mmdet.models.dense_heads import RTMDetSepBNHead
from mmdet.models.losses import GIoULoss, QualityFocalLoss
from mmdet.models.task_modules import DynamicSoftLabelAssigner
from mmdet.registry import MODELS
from mmdet.structures.bbox import distance2bbox, get_box_tensor
from mmdet.utils import reduce_mean

from mitos_mmdet.models.dense_heads.soft_label_targets import soft_label_losses, soft_label_targets

if TYPE_CHECKING:
    from mmdet.utils import InstanceList, OptInstanceList


@MODELS.register_module()
class BatchedRTMDetHead(RTMDetSepBNHead):
    """The same parameters, predictions and losses as ``RTMDetSepBNHead``'s with its usual ``QualityFocalLoss``, ``GIoULoss`` and
    ``DynamicSoftLabelAssigner``, whose settings it reads; a training step on a GPU spends a tenth of the time on them.

    Args:
        kwargs: As in ``RTMDetSepBNHead``.

    Raises:
        ValueError: Another loss or assigner.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, kind in (('loss_cls', QualityFocalLoss), ('loss_bbox', GIoULoss), ('assigner', DynamicSoftLabelAssigner)):
            part = getattr(self, name, None)  # no assigner without train_cfg
            if part is not None and not isinstance(part, kind):
                raise ValueError(f"{name}={type(part).__name__} of BatchedRTMDetHead: only {kind.__name__} is possible. Set "
                                 f"type='RTMDetSepBNHead' for others")

    def loss_by_feat(self, cls_scores: Sequence[torch.Tensor], bbox_preds: Sequence[torch.Tensor], batch_gt_instances: 'InstanceList',
                     batch_img_metas: Sequence[dict], batch_gt_instances_ignore: 'OptInstanceList' = None) -> dict:
        """``loss_cls`` and ``loss_bbox``; arguments as in mmdet, where ignored instances have no effect, either."""
        logits, boxes, priors = self.flatten(cls_scores, bbox_preds)
        return self.batch_losses(logits, boxes, priors, *_padded(batch_gt_instances, boxes.device),
                                 self.in_image(cls_scores, batch_img_metas))

    def flatten(self, cls_scores: Sequence[torch.Tensor], bbox_preds: Sequence[torch.Tensor]) -> tuple:
        """Maps of all levels as logits ``(B, P, C)``, decoded boxes ``(B, P, 4)`` xyxy px, and priors ``(P, 4)``."""
        sizes = [scores.shape[-2:] for scores in cls_scores]
        levels = self.prior_generator.grid_priors(sizes, device=cls_scores[0].device, with_stride=True)
        count = len(cls_scores[0])
        logits = torch.cat([scores.permute(0, 2, 3, 1).reshape(count, -1, self.cls_out_channels) for scores in cls_scores], dim=1)
        boxes = torch.cat([distance2bbox(priors, distances.permute(0, 2, 3, 1).reshape(count, -1, 4))
                           for priors, distances in zip(levels, bbox_preds, strict=True)], dim=1)
        return logits, boxes, torch.cat(levels)

    def in_image(self, cls_scores: Sequence[torch.Tensor], batch_img_metas: Sequence[dict]) -> torch.Tensor:
        """Which priors lie in each image's ``pad_shape``, not on what pads it to the size of the batch: bool ``(B, P)``."""
        sizes, device = [scores.shape[-2:] for scores in cls_scores], cls_scores[0].device
        return torch.stack([torch.cat(self.prior_generator.valid_flags(sizes, meta['pad_shape'], device)) for meta in batch_img_metas])

    def batch_losses(self, logits: torch.Tensor, boxes: torch.Tensor, priors: torch.Tensor, gt_boxes: torch.Tensor, gt_labels: torch.Tensor,
                     gt_valid: torch.Tensor, in_image: torch.Tensor) -> dict:
        """The two weighted losses of padded objects, whose shapes ``soft_label_targets`` gives."""
        assigner = self.assigner
        targets = soft_label_targets(logits, boxes, priors, gt_boxes, gt_labels, gt_valid, in_image, assigner.topk,
                                     assigner.soft_center_radius, assigner.iou_weight)
        loss_cls, loss_bbox = soft_label_losses(logits, boxes, *targets, in_image, beta=self.loss_cls.beta)
        total = reduce_mean(targets[2].sum()).clamp(min=1)  # of all processes, as in mmdet
        return dict(loss_cls=loss_cls * self.loss_cls.loss_weight / total, loss_bbox=loss_bbox * self.loss_bbox.loss_weight / total)


def _padded(instances, device):
    """Boxes ``(B, G, 4)``, labels ``(B, G)`` and whether they are objects ``(B, G)`` of a list of ``InstanceData``."""
    most = max((len(one) for one in instances), default=0)
    boxes = torch.zeros(len(instances), most, 4, device=device)
    labels = torch.zeros(len(instances), most, dtype=torch.long, device=device)
    valid = torch.zeros(len(instances), most, dtype=torch.bool, device=device)
    for row, one in enumerate(instances):
        boxes[row, :len(one)] = get_box_tensor(one.bboxes)
        labels[row, :len(one)] = one.labels
        valid[row, :len(one)] = True
    return boxes, labels, valid
