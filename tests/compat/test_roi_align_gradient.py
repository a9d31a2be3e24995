"""RoIAlign's gradient as a matrix product, against torchvision's kernel; tests/compat/test_mmcv_ops.py has it against the definition."""

import pytest
import torch

from mitos_mmdet.compat import mmcv_ops
from mitos_mmdet.compat.roi_align_gradient import roi_align_gradient


def rois(count, side, images=2):
    """Of all sizes, some over the borders and some without area, on images in no order."""
    drawn = torch.rand(count, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    corner, size = drawn[:, 1:3] * side - side / 8, drawn[:, 3:] ** 2 * side
    size[::9] = 0
    return torch.cat((drawn[:, :1].mul(images).floor(), corner, corner + size), dim=1)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [1, 2, 3])
def test_is_the_kernels(ratio, aligned):
    boxes, shape = rois(60, 96), (2, 5, 24, 20)
    grad = torch.randn(60, 5, 7, 3, generator=torch.Generator().manual_seed(1))
    wanted = torch.ops.torchvision._roi_align_backward(grad, boxes, 0.25, 7, 3, *shape, ratio, aligned)
    torch.testing.assert_close(roi_align_gradient(grad, boxes, 0.25, ratio, aligned, shape), wanted, rtol=1e-5, atol=1e-5)


def test_no_rois_no_gradient():
    assert not roi_align_gradient(torch.zeros(0, 5, 7, 7), torch.zeros(0, 5), 0.25, 2, True, (2, 5, 8, 8)).any()


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_takes_the_kernels_place_on_a_cpu_in_mixed_precision_too(monkeypatch, dtype):
    def kernel(*_):
        raise AssertionError('the slow kernel was called')

    wanted = torch.ops.torchvision._roi_align_backward(torch.ones(20, 5, 7, 7), rois(20, 96, images=1), 0.25, 7, 7, 1, 5, 24, 24, 2, True)
    monkeypatch.setattr(mmcv_ops, '_kernels', type('Kernels', (), dict(_roi_align_backward=kernel)))
    found = torch.full((1, 5, 24, 24), 9.0, dtype=dtype)
    grad, none = torch.ones(20, 5, 7, 7, dtype=dtype), torch.zeros(0)
    with torch.autocast('cpu', torch.bfloat16):
        mmcv_ops.roi_align_backward(grad, rois(20, 96, images=1), none, none, found, 7, 7, 0.25, 2, 1, True)
    torch.testing.assert_close(found.float(), wanted, rtol=1e-2, atol=1e-2)
