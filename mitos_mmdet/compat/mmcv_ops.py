"""Stand-in for ``mmcv._ext``, mmcv's compiled operators, by the kernels that torchvision ships prebuilt for CPU and CUDA.

The functions take mmcv's arguments and, like mmcv's own, write into tensors that the caller made. Of mmcv's about 150 operators
these are the ones with a torchvision kernel or a few lines of torch; asking for any other gives a function that says what is
missing when it is called (mmcv looks all of them up at import).
"""

import torch
import torchvision

from mitos_mmdet.compat.roi_align_gradient import roi_align_gradient

_kernels = torchvision.extension._assert_has_ops() or torch.ops.torchvision
_POOLED_AT_ONCE = 1 << 24  # values that roi_pool_forward compares at a time (ours: 64 MiB in float32)


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
    if sampling_ratio > 0 and grad_output.device.type == 'cpu' and grad_output.dtype != torch.float16:
        grad_input.copy_(roi_align_gradient(grad_output, rois.to(grad_output), spatial_scale, sampling_ratio, aligned, grad_input.shape))
        return
    grad_input.copy_(_kernels._roi_align_backward(grad_output, rois.to(grad_output), spatial_scale, aligned_height, aligned_width,
                                                  *grad_input.shape, sampling_ratio, aligned))


def roi_pool_forward(features: torch.Tensor, rois: torch.Tensor, output: torch.Tensor, argmax: torch.Tensor, pooled_height: int,
                     pooled_width: int, spatial_scale: float) -> None:
    """RoIPool of ``features`` ``(B, C, H, W)`` into ``output`` ``(N, C, h, w)``; ``argmax`` takes the winners' positions.

    In plain torch: torchvision's kernel rounds RoIs to whole pixels, mmcv's does not.
    """
    channels, height, width = features.shape[1:]
    rois = rois.to(features)
    rows, no_rows = _bins(rois[:, 2] * spatial_scale, (rois[:, 4] + 1) * spatial_scale, pooled_height, height)
    columns, no_columns = _bins(rois[:, 1] * spatial_scale, (rois[:, 3] + 1) * spatial_scale, pooled_width, width)
    pixels = (rows[:, :, None, :, None] * width + columns[:, None, :, None, :]).flatten(3)  # (N, h, w, pixels of a bin)
    empty = (no_rows[:, :, None] | no_columns[:, None])[:, None]
    images = rois[:, 0].long()
    for image in images.unique():
        by_pixel = features[image].flatten(1).t().contiguous()  # (H * W, C): a pixel's channels lie together and are copied as one
        for part in (images == image).nonzero()[:, 0].split(max(1, _POOLED_AT_ONCE // (channels * pixels[0].numel()))):
            values, winner = by_pixel[pixels[part]].max(dim=3)  # (n, h, w, C)
            at = pixels[part].gather(3, winner)
            output[part] = values.permute(0, 3, 1, 2).masked_fill(empty[part], 0)
            argmax[part] = at.permute(0, 3, 1, 2).masked_fill(empty[part], -1).to(argmax.dtype)


def _bins(start, end, bins, size):
    """The pixels of each bin of spans from ``start`` to ``end`` ``(N,)``, and which bins have none.

    Returns:
        tuple: Pixels, int ``(N, bins, L)``, a bin's last repeated until all are as long; bool ``(N, bins)``.
    """
    edges = torch.arange(bins + 1, device=start.device) * ((end - start) / bins)[:, None] + start[:, None]
    first, stop = edges[:, :-1].floor().long().clamp(0, size), edges[:, 1:].ceil().long().clamp(0, size)
    longest = max(1, int((stop - first).max())) if len(start) else 1
    pixels = first[..., None] + torch.arange(longest, device=start.device)
    return pixels.minimum(stop[..., None] - 1).clamp(0, size - 1), stop <= first


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
