"""Dynamic soft label assignment (RTMDet, Lyu et al., 2022) for a whole batch at once: the targets of mmdet's
``DynamicSoftLabelAssigner`` without its loop over images and objects, which takes most of a training step on a GPU.
"""

import torch
from torch.nn import functional as F

_EPS = 1e-7
_NEVER = 1e8


def soft_label_targets(logits: torch.Tensor, boxes: torch.Tensor, priors: torch.Tensor, gt_boxes: torch.Tensor, gt_labels: torch.Tensor,
                       gt_valid: torch.Tensor, in_image: torch.Tensor, topk: int = 13, radius: float = 3.0,
                       iou_weight: float = 3.0) -> tuple:
    """Which object each prior is to find.

    Args:
        logits: Class logits ``(B, P, C)``.
        boxes: Decoded boxes ``(B, P, 4)`` xyxy px.
        priors: ``(P, 3 or more)``: x, y and stride in px.
        gt_boxes: ``(B, G, 4)`` xyxy px, padded with anything.
        gt_labels: ``(B, G)``, from 0.
        gt_valid: ``(B, G)`` bool: False is padding.
        in_image: ``(B, P)`` bool: False are priors on what pads an image, which find nothing.
        topk, radius, iou_weight: As in mmdet's assigner, with its defaults.

    Returns:
        tuple: ``labels`` ``(B, P)``, C for background; ``target_boxes`` ``(B, P, 4)``; ``quality`` ``(B, P)``, the IoU of an object's
        prior and 0 else. All without gradient.
    """
    with torch.no_grad():
        logits, boxes, gt_boxes = logits.float(), boxes.float(), gt_boxes.float()
        count = logits.shape[-1]
        if not gt_boxes.shape[1]:
            shape = boxes.shape[:2]
            return gt_labels.new_full(shape, count), torch.zeros_like(boxes), boxes.new_zeros(shape)
        centers = priors[:, :2].float()
        deltas = torch.cat([centers[None, :, None] - gt_boxes[:, None, :, :2], gt_boxes[:, None, :, 2:] - centers[None, :, None]], dim=-1)
        usable = ((deltas.min(dim=-1).values > 0) & gt_valid[:, None]).any(dim=2) & in_image  # (B, P)
        allowed = usable[:, :, None] & gt_valid[:, None]
        ious = pairwise_iou(boxes, gt_boxes) * allowed
        cost = _cost(logits, ious, centers, priors[:, 2].float(), gt_boxes, gt_labels, radius, iou_weight, count)
        cost = cost.masked_fill(~allowed, _NEVER)
        wanted = ious.topk(min(topk, ious.shape[1]), dim=1).values.sum(dim=1).int().clamp(min=1)  # (B, G)
        ranks = cost.argsort(dim=1).argsort(dim=1)
        matched = (ranks < wanted[:, None]) & allowed
        # A prior wanted by several objects goes to the cheapest of all.
        cheapest = F.one_hot(cost.argmin(dim=2), cost.shape[2]).bool()
        matched = torch.where((matched.sum(dim=2) > 1)[..., None], cheapest, matched)
        found, which = matched.any(dim=2), matched.int().argmax(dim=2)
        labels = torch.where(found, gt_labels.gather(1, which), gt_labels.new_tensor(count))
        target_boxes = gt_boxes.gather(1, which[..., None].expand(-1, -1, 4))
        quality = (ious * matched).sum(dim=2)
        return labels, target_boxes, quality


def soft_label_losses(logits: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor, target_boxes: torch.Tensor, quality: torch.Tensor,
                      in_image: torch.Tensor, beta: float = 2.0) -> tuple:
    """Quality focal loss and GIoU loss as in mmdet's RTMDet head, summed over all priors in an image.

    Args:
        logits, boxes: As in ``soft_label_targets``.
        labels, target_boxes, quality: What it gave.
        in_image: As there.
        beta: Of the quality focal loss (paper: 2).

    Returns:
        tuple: Two scalars, not yet weighted nor averaged.
    """
    logits, count = logits.float(), logits.shape[-1]
    found = labels < count
    soft = F.one_hot(labels, count + 1)[..., :count] * quality[..., None]
    weight = (soft - logits.sigmoid()).abs().pow(beta) * in_image[..., None]
    loss_cls = (F.binary_cross_entropy_with_logits(logits, soft, reduction='none') * weight).sum()
    losses = 1 - _giou(boxes.float(), target_boxes)
    return loss_cls, (torch.where(found, losses, losses.new_zeros(())) * quality).sum()


def pairwise_iou(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """IoU ``(B, P, G)`` of boxes ``(B, P, 4)`` and ``(B, G, 4)``, xyxy px."""
    low = torch.maximum(boxes[:, :, None, :2], others[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], others[:, None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(dim=-1)
    union = _area(boxes)[:, :, None] + _area(others)[:, None] - overlap
    return overlap / union.clamp(min=1e-6)


def _area(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _giou(boxes, others):
    overlap = (torch.minimum(boxes[..., 2:], others[..., 2:]) - torch.maximum(boxes[..., :2], others[..., :2])).clamp(min=0).prod(dim=-1)
    union = (_area(boxes) + _area(others) - overlap).clamp(min=1e-6)
    hull = (torch.maximum(boxes[..., 2:], others[..., 2:]) - torch.minimum(boxes[..., :2], others[..., :2])).clamp(min=0).prod(dim=-1)
    hull = hull.clamp(min=1e-6)
    return overlap / union - (hull - union) / hull


def _cost(logits, ious, centers, strides, gt_boxes, gt_labels, radius, iou_weight, count):
    """What it costs a prior to find an object, ``(B, P, G)``: class, overlap, and distance from the object's centre."""
    middles = (gt_boxes[..., :2] + gt_boxes[..., 2:]) / 2
    distance = torch.cdist(centers[None].expand(len(middles), -1, -1), middles) / strides[None, :, None]
    soft = F.one_hot(gt_labels, count).float()[:, None] * ious[..., None]  # (B, P, G, C)
    scores = logits[:, :, None].expand_as(soft)
    classes = (F.binary_cross_entropy_with_logits(scores, soft, reduction='none') * (soft - scores.sigmoid()).abs().pow(2)).sum(dim=-1)
    return classes - torch.log(ious + _EPS) * iou_weight + torch.pow(10, distance - radius)
