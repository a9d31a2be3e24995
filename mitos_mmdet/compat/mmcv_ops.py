"""Stand-in for ``mmcv._ext``, mmcv's compiled operators, by the kernels that torchvision ships prebuilt for CPU and CUDA.

The functions take mmcv's arguments and, like mmcv's own, write into tensors that the caller made. Of mmcv's about 150 operators
these are the ones with a torchvision kernel or a few lines of torch; asking for any other gives a function that says what is
missing when it is called (mmcv looks all of them up at import).
"""

import torch
import torchvision

_kernels = torchvision.extension._assert_has_ops() or torch.ops.torchvision


class MissingOpError(NotImplementedError):
    """An operator that only a compiled mmcv has."""


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, offset: int) -> torch.Tensor:
    """Indices of the kept boxes, best first.

    Args:
        boxes: ``(N, 4)`` xyxy.
        scores: ``(N,)``.
        iou_threshold: A box is dropped where its IoU with a better one is above this.
        offset: 1 where x2 and y2 name the last pixel (width is ``x2 - x1 + 1``), else 0.
    """
    if boxes.numel() == 0:
        return boxes.new_zeros(0, dtype=torch.long)
    boxes = boxes.float()
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return _kernels.nms(boxes, scores.float(), iou_threshold)


def roi_align_forward(features: torch.Tensor, rois: torch.Tensor, output: torch.Tensor, argmax_y: torch.Tensor, argmax_x: torch.Tensor,
                      aligned_height: int, aligned_width: int, spatial_scale: float, sampling_ratio: int, pool_mode: int,
                      aligned: bool) -> None:
    """Average RoIAlign of ``features`` ``(B, C, H, W)`` at ``rois`` ``(N, 5)`` (image, xyxy) into ``output`` ``(N, C, h, w)``."""
    _only_average(pool_mode)
    features = _not_bfloat16(features)
    output.copy_(_kernels.roi_align(features, rois.to(features), spatial_scale, aligned_height, aligned_width,
                                    sampling_ratio, aligned))


def roi_align_backward(grad_output: torch.Tensor, rois: torch.Tensor, argmax_y: torch.Tensor, argmax_x: torch.Tensor,
                       grad_input: torch.Tensor, aligned_height: int, aligned_width: int, spatial_scale: float, sampling_ratio: int,
                       pool_mode: int, aligned: bool) -> None:
    """Gradient of :func:`roi_align_forward` with respect to the features, into ``grad_input`` ``(B, C, H, W)``."""
    _only_average(pool_mode)
    grad_output = _not_bfloat16(grad_output)
    grad_input.copy_(_kernels._roi_align_backward(grad_output, rois.to(grad_output), spatial_scale, aligned_height, aligned_width,
                                                  *grad_input.shape, sampling_ratio, aligned))


def roi_pool_forward(features: torch.Tensor, rois: torch.Tensor, output: torch.Tensor, argmax: torch.Tensor, pooled_height: int,
                     pooled_width: int, spatial_scale: float) -> None:
    """RoIPool of ``features`` ``(B, C, H, W)`` into ``output`` ``(N, C, h, w)``; ``argmax`` takes the winners' positions.

    In plain torch, RoI by RoI: torchvision's kernel rounds RoIs to whole pixels, mmcv's does not.
    """
    height, width = features.shape[-2:]
    rois = rois.to(features)
    tops, bottoms = _bins(rois[:, 2] * spatial_scale, (rois[:, 4] + 1) * spatial_scale, pooled_height, height)
    lefts, rights = _bins(rois[:, 1] * spatial_scale, (rois[:, 3] + 1) * spatial_scale, pooled_width, width)
    for n, image in enumerate(rois[:, 0].long().tolist()):
        rows, columns = _pixels(tops[n], bottoms[n], height), _pixels(lefts[n], rights[n], width)
        by_row, row = features[image][:, rows].max(dim=2)  # (C, h, W)
        pooled, column = by_row[:, :, columns].max(dim=3)  # (C, h, w)
        column = columns.expand(*column.shape, -1).gather(3, column[..., None])[..., 0]
        row = rows.expand(len(row), *rows.shape).gather(2, row.gather(2, column))
        empty = (bottoms[n] <= tops[n])[:, None] | (rights[n] <= lefts[n])
        output[n] = pooled.masked_fill(empty, 0)
        argmax[n] = (row * width + column).masked_fill(empty, -1)


def _bins(start, end, bins, size):
    """First pixel and the one behind the last of each bin, int ``(N, bins)``, of spans from ``start`` to ``end`` ``(N,)``."""
    edges = torch.arange(bins + 1, device=start.device) * ((end - start) / bins)[:, None] + start[:, None]
    return edges[:, :-1].floor().long().clamp(0, size), edges[:, 1:].ceil().long().clamp(0, size)


def _pixels(first, stop, size):
    """The pixels of each bin, the last repeated until all are as long: int ``(bins, L)``."""
    pixels = first[:, None] + torch.arange(max(1, int((stop - first).max())), device=first.device)
    return pixels.minimum(stop[:, None] - 1).clamp(0, size - 1)


def roi_pool_backward(grad_output: torch.Tensor, rois: torch.Tensor, argmax: torch.Tensor, grad_input: torch.Tensor, pooled_height: int,
                      pooled_width: int, spatial_scale: float) -> None:
    """Gradient of :func:`roi_pool_forward` with respect to the features, into ``grad_input`` ``(B, C, H, W)``."""
    grad_output = _not_bfloat16(grad_output)
    grad_input.copy_(_kernels._roi_pool_backward(grad_output, rois.to(grad_output), argmax, spatial_scale, pooled_height,
                                                 pooled_width, *grad_input.shape))


def _not_bfloat16(tensor):
    """float32 in place of bfloat16, for which torchvision has no such kernels."""
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor


def sigmoid_focal_loss_forward(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, output: torch.Tensor, gamma: float,
                               alpha: float) -> None:
    """Focal loss of each logit ``(N, C)`` for class indices ``target`` ``(N,)`` (C is background) into ``output``."""
    output.copy_(_focal_loss(logits, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, grad_input: torch.Tensor, gamma: float,
                                alpha: float) -> None:
    """Gradient of :func:`sigmoid_focal_loss_forward`'s sum with respect to ``logits``, into ``grad_input``."""
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        grad_input.copy_(torch.autograd.grad(_focal_loss(leaf, target, weight, gamma, alpha).sum(), leaf)[0])


def _focal_loss(logits, target, weight, gamma, alpha):
    one_hot = torch.nn.functional.one_hot(target, logits.size(1) + 1)[:, :-1].to(logits)
    loss = torchvision.ops.sigmoid_focal_loss(logits, one_hot, alpha=alpha, gamma=gamma)
    return loss * weight[target.clamp(max=len(weight) - 1)][:, None] if weight.numel() else loss


def _only_average(pool_mode):
    if pool_mode != 1:
        raise MissingOpError(_missing("roi_align with pool_mode='max'"))


def _missing(name):
    return (f"{name} needs mmcv's compiled operators, which this mmcv has not: install a compiled mmcv "
            f"(pip install mmcv==2.1.0 builds one) or choose a component without it")


def __getattr__(name):
    if name.startswith('_'):
        raise AttributeError(name)

    def missing(*args, **kwargs):
        raise MissingOpError(_missing(name))

    missing.__name__ = name
    return missing
