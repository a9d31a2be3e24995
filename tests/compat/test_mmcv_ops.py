"""The operators behind ``mmcv.ops``, called as mmdet calls them, against plain definitions of what mmcv's kernels compute."""

import math

import numpy as np
import pytest
import torch

from mitos_mmdet import compat

STAND_IN = compat.install()

from mmcv.ops import RoIAlign, RoIPool, batched_nms, nms, sigmoid_focal_loss, soft_nms  # noqa: E402

# Image, xyxy px: inside; whole; over the borders; far outside; without area; thin; the second image.
ROIS = [[0, 3.3, 2.1, 14.9, 12.4], [0, 0, 0, 27.3, 19.6], [0, -6, -5, 9, 8], [0, 90, 90, 99, 99], [0, 8, 8, 8, 8],
        [1, 2, 3, 2.4, 19], [1, 17.2, 6, 33, 25]]


@pytest.fixture
def features():
    """``(2, 3, 10, 14)`` at half the RoIs' scale."""
    return torch.randn(2, 3, 10, 14, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def plain_nms(boxes, scores, threshold, offset):
    """Indices that stay, best first: greedy, by the definition."""
    kept = []
    for i in np.argsort(-scores, kind='stable'):
        ious = []
        for j in kept:
            sides = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2]) + offset
            shared = sides.clip(0).prod()
            areas = [(boxes[k, 2:] - boxes[k, :2] + offset).prod() for k in (i, j)]
            ious.append(shared / (sum(areas) - shared))
        if max(ious, default=0) <= threshold:
            kept.append(i)
    return kept


def crowd(seed, count=60):
    """Boxes ``(N, 4)`` in quarter px, so that half precision holds them, and scores that differ."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 80, (count, 2)) / 4
    boxes = np.concatenate([corner, corner + rng.integers(24, 64, (count, 2)) / 4], axis=1)
    return boxes, rng.permutation(count) / 64 + 1 / 64


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.1, 0.3, 0.6])
def test_nms_is_greedy_suppression(threshold, offset, dtype):
    for seed in range(3):
        boxes, scores = crowd(seed)
        wanted = plain_nms(boxes, scores, threshold, offset)
        assert 1 < len(wanted) < len(boxes)
        dets, kept = nms(torch.tensor(boxes, dtype=dtype), torch.tensor(scores, dtype=dtype), threshold, offset=offset)
        assert kept.tolist() == wanted and dets.dtype == dtype
        np.testing.assert_allclose(dets.numpy(), np.column_stack([boxes, scores])[wanted])


def test_nms_offset_changes_the_iou():
    boxes, scores = torch.tensor([[0., 0, 3, 3], [0, 1, 3, 4]]), torch.tensor([0.9, 0.8])
    assert len(nms(boxes, scores, 0.55, offset=0)[1]) == 2  # 6 / 12
    assert len(nms(boxes, scores, 0.55, offset=1)[1]) == 1  # 12 / 20


def test_nms_options_of_mmcv():
    boxes, scores = (torch.tensor(values) for values in crowd(5))
    kept = nms(boxes, scores, 0.5)[1]
    assert nms(boxes, scores, 0.5, max_num=3)[1].tolist() == kept[:3].tolist()
    assert nms(boxes, scores, 0.5, score_threshold=0.5)[1].tolist() == [i for i in kept.tolist() if scores[i] > 0.5]
    assert nms(boxes.numpy().astype(np.float32), scores.numpy().astype(np.float32), 0.5)[1].tolist() == kept.tolist()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_nms_of_nothing_is_nothing(dtype):
    dets, kept = nms(torch.zeros(0, 4, dtype=dtype), torch.zeros(0, dtype=dtype), 0.5)
    assert dets.shape == (0, 5) and kept.shape == (0,) and kept.dtype == torch.long


@pytest.mark.parametrize('split_thr', [10000, 10])  # all at once; class by class, as mmcv does with many boxes
def test_batched_nms_keeps_classes_apart(split_thr):
    boxes, scores = crowd(7)
    labels = np.arange(len(boxes)) % 3
    wanted = [members[kept] for label in range(3) for members in [np.flatnonzero(labels == label)]
              for kept in [plain_nms(boxes[members], scores[members], 0.3, 0)]]
    wanted = sorted(np.concatenate(wanted), key=lambda index: -scores[index])
    settings = dict(type='nms', iou_threshold=0.3, split_thr=split_thr)
    tensors = torch.tensor(boxes, dtype=torch.float32), torch.tensor(scores, dtype=torch.float32), torch.tensor(labels)
    assert batched_nms(*tensors, settings)[1].tolist() == wanted
    if split_thr < len(boxes):  # mmcv goes class by class then, whatever it is told
        return
    agnostic = plain_nms(boxes, scores, 0.3, 0)
    assert agnostic != wanted
    assert batched_nms(*tensors, settings, class_agnostic=True)[1].tolist() == agnostic


def bilinear(plane, y, x):
    """``plane`` ``(C, H, W)`` at a point; nothing lies more than a pixel outside."""
    height, width = plane.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return plane.new_zeros(len(plane))
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    return ((1 - dy) * ((1 - dx) * plane[:, top, left] + dx * plane[:, top, right])
            + dy * ((1 - dx) * plane[:, bottom, left] + dx * plane[:, bottom, right]))


def plain_roi_align(features, rois, size, scale, sampling_ratio, aligned):
    """Mean of bilinear samples on a regular grid in each bin, ``(N, C, h, w)``."""
    pooled = []
    for image, *box in rois:
        x1, y1, x2, y2 = (value * scale - 0.5 * aligned for value in box)
        sides = [(y1, y2 - y1), (x1, x2 - x1)]
        if not aligned:  # the older rule: at least a pixel
            sides = [(start, max(length, 1)) for start, length in sides]
        samples = []
        for (start, length), bins in zip(sides, size, strict=True):
            count = sampling_ratio or math.ceil(length / bins)
            samples.append([[start + length / bins * (b + (k + 0.5) / count) for k in range(count)] for b in range(bins)])
        zero = features.new_zeros(features.shape[1])
        pooled += [sum((bilinear(features[int(image)], y, x) for y in ys for x in xs), zero) / max(1, len(ys) * len(xs))
                   for ys in samples[0] for xs in samples[1]]
    return torch.stack(pooled).reshape(len(rois), *size, -1).permute(0, 3, 1, 2)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2])  # 0: one sample a pixel
@pytest.mark.parametrize('size, scale', [((3, 2), 0.5), ((1, 4), 1.0)])
def test_roi_align_forward_and_gradient(features, size, scale, sampling_ratio, aligned):
    align = RoIAlign(size, scale, sampling_ratio, aligned=aligned)
    rois = torch.tensor(ROIS, dtype=features.dtype)
    features.requires_grad_()
    pooled, wanted = align(features, rois), plain_roi_align(features, ROIS, size, scale, sampling_ratio, aligned)
    torch.testing.assert_close(pooled, wanted)
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1), dtype=features.dtype)
    found, = torch.autograd.grad((pooled * weights).sum(), features)
    wanted, = torch.autograd.grad((wanted * weights).sum(), features)
    assert wanted.abs().max() > 0.1
    torch.testing.assert_close(found, wanted)


def test_roi_align_gradient_is_the_forwards_slope(features):
    align = RoIAlign((2, 2), 0.5, 2)
    rois = torch.tensor(ROIS[:3] + ROIS[5:], dtype=features.dtype)
    assert torch.autograd.gradcheck(lambda maps: align(maps, rois), features[:, :1].clone().requires_grad_())


def plain_roi_pool(features, rois, size, scale):
    """Maximum in each bin; bins overlap where they do not end on whole pixels."""
    height, width = features.shape[-2:]
    pooled = features.new_zeros(len(rois), features.shape[1], *size)
    for n, (image, x1, y1, x2, y2) in enumerate(rois):
        (x1, y1), (x2, y2) = (x1 * scale, y1 * scale), ((x2 + 1) * scale, (y2 + 1) * scale)
        for i in range(size[0]):
            for j in range(size[1]):
                top, bottom = (f(y1 + (y2 - y1) / size[0] * k) for f, k in ((math.floor, i), (math.ceil, i + 1)))
                left, right = (f(x1 + (x2 - x1) / size[1] * k) for f, k in ((math.floor, j), (math.ceil, j + 1)))
                cell = features[int(image), :, max(top, 0):max(min(bottom, height), 0), max(left, 0):max(min(right, width), 0)]
                if cell.numel():
                    pooled[n, :, i, j] = cell.amax(dim=(1, 2))
    return pooled


@pytest.mark.parametrize('size, scale', [((3, 2), 0.5), ((1, 4), 1.0), ((5, 5), 0.3)])
def test_roi_pool_forward_and_gradient(features, size, scale):
    rois = torch.tensor(ROIS, dtype=features.dtype)
    features.requires_grad_()
    pooled, wanted = RoIPool(size, scale)(features, rois), plain_roi_pool(features, ROIS, size, scale)
    torch.testing.assert_close(pooled, wanted)
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1), dtype=features.dtype)
    found, = torch.autograd.grad((pooled * weights).sum(), features)
    wanted, = torch.autograd.grad((wanted * weights).sum(), features)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('layer', [RoIAlign((2, 3), 0.5, 2), RoIPool((2, 3), 0.5)])
def test_roi_layers_without_rois_and_in_half_precision(features, layer, dtype):
    features = features.float().requires_grad_()
    nothing = layer(features, torch.zeros(0, 5))
    assert nothing.shape == (0, 3, 2, 3)
    nothing.sum().backward()
    assert not features.grad.any()
    rois = torch.tensor(ROIS)
    inputs = features.detach().to(dtype).requires_grad_()
    half = layer(inputs, rois.to(dtype))
    assert half.dtype == dtype
    whole_inputs = inputs.detach().float().requires_grad_()
    whole = layer(whole_inputs, rois.to(dtype).float())
    torch.testing.assert_close(half.float(), whole, atol=5e-2, rtol=5e-2)
    half.sum().backward()
    whole.sum().backward()
    torch.testing.assert_close(inputs.grad.float(), whole_inputs.grad, atol=5e-2, rtol=5e-2)


@pytest.mark.parametrize('weight', [None, [0.5, 1.0, 2.0]])
@pytest.mark.parametrize('reduction', ['none', 'mean', 'sum'])
def test_sigmoid_focal_loss_is_mmdets(reduction, weight):
    from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss

    logits = 3 * torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = torch.tensor([0, 1, 2, 3, 3, 1])  # 3: background
    per_class = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    found, wanted = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = sigmoid_focal_loss(found, target, 2.0, 0.25, per_class, reduction)
    one_hot = torch.nn.functional.one_hot(target, 4)[:, :3]
    plain = py_sigmoid_focal_loss(wanted, one_hot, gamma=2.0, alpha=0.25, reduction='none')
    if weight is not None:  # mmcv weighs a row by its target's class; background, which has none, is left to its own rule here
        plain = plain * per_class[target.clamp(max=2)][:, None]
    plain = dict(none=plain, sum=plain.sum(), mean=plain.sum() / len(logits))[reduction]
    torch.testing.assert_close(loss, plain)
    slope = torch.rand(loss.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (loss * slope).sum().backward()
    (plain * slope).sum().backward()
    torch.testing.assert_close(found.grad, wanted.grad)


def test_focal_loss_of_no_rows():
    logits = torch.zeros(0, 3, requires_grad=True)
    sigmoid_focal_loss(logits, torch.zeros(0, dtype=torch.long), 2.0, 0.25, None, 'sum').backward()
    assert logits.grad.shape == (0, 3)


@pytest.mark.skipif(not STAND_IN, reason='this mmcv is compiled')
@pytest.mark.parametrize('name, call', [
    ('softnms', lambda: soft_nms(torch.rand(3, 4), torch.rand(3))),
    ('softnms', lambda: batched_nms(torch.rand(3, 4), torch.rand(3), torch.zeros(3), dict(type='soft_nms', iou_threshold=0.5))),
    ('roi_align', lambda: RoIAlign((2, 2), pool_mode='max')(torch.rand(1, 1, 4, 4), torch.tensor([[0., 0, 0, 2, 2]]))),
])
def test_an_op_that_is_not_there_says_so_when_it_is_called(name, call):
    with pytest.raises(NotImplementedError, match=f'{name}.*pip install mmcv'):
        call()


def test_ops_are_looked_up_but_no_attributes_are_made_up():
    from mitos_mmdet.compat import mmcv_ops

    assert mmcv_ops.deform_conv_forward.__name__ == 'deform_conv_forward'
    assert not hasattr(mmcv_ops, '__wrapped__') and not hasattr(mmcv_ops, '_private')
