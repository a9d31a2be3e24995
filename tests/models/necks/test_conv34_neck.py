import pytest
import torch
from mmdet.registry import MODELS
from torch.nn.functional import conv2d

from mitos_mmdet.models.necks.conv34_neck import Conv34Neck

pytestmark = pytest.mark.usefixtures('mmdet_scope')


def neck(**kwargs):
    torch.manual_seed(0)
    built = MODELS.build(dict(type='Conv34Neck', in_channels=(6, 8), out_channels=5, **kwargs))
    built.init_weights()
    return built


@pytest.mark.parametrize('fine, coarse', [
    ((74, 74), (37, 37)),  # 299 px, poolings round down
    ((75, 75), (38, 38)),  # 299 px, poolings round up
    ((75, 75), (37, 37)),  # 300 px, down
    ((24, 31), (12, 15)),  # sides that differ
    ((1, 1), (1, 1)),  # next to nothing
])
def test_the_joint_map_has_the_fine_ones_size(fine, coarse):
    maps = torch.rand(2, 6, *fine), torch.rand(2, 8, *coarse)
    joint, low = neck()(maps)
    assert joint.shape == (2, 5, *fine)
    assert low is maps[1]


def test_normalised_scaled_joined_and_reduced():
    # Step by step as the paper has it, with scales that are not all the same.
    built = neck()
    with torch.no_grad():
        built.fine_scale.copy_(torch.arange(1., 7)[:, None, None])
        built.coarse_scale.copy_(torch.arange(2., 10)[:, None, None])
    fine, coarse = torch.rand(1, 6, 4, 4), torch.rand(1, 8, 2, 2)
    up = built.deconv(coarse)
    parts = [fine / fine.norm(dim=1, keepdim=True) * torch.arange(1., 7)[None, :, None, None],
             up / up.norm(dim=1, keepdim=True) * torch.arange(2., 10)[None, :, None, None]]
    expected = conv2d(torch.cat(parts, 1), built.reduce.weight, built.reduce.bias)
    torch.testing.assert_close(built((fine, coarse))[0], expected, rtol=1e-3, atol=1e-4)


def test_each_map_counts_alike_whatever_its_magnitude():
    built = neck()
    fine, coarse = torch.rand(1, 6, 8, 8) + 0.1, torch.rand(1, 8, 4, 4) + 0.1
    plain = built((fine, coarse))[0]
    torch.testing.assert_close(built((fine * 300, coarse * 7))[0], plain, rtol=1e-3, atol=1e-3)


def test_every_parameter_gets_a_gradient_and_starts_as_published():
    built = Conv34Neck()
    built.init_weights()
    joint, low = built((torch.rand(1, 256, 9, 9), torch.rand(1, 512, 4, 4)))
    joint.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in built.parameters())
    assert joint.shape[1] == 256
    for layer in (built.deconv, built.reduce):
        layer.requires_grad_(False)
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.02) and layer.weight.mean().abs() < 1e-3 and not layer.bias.any()
    assert (built.fine_scale == 20).all() and (built.coarse_scale == 20).all()


def test_maps_of_zeros_give_finite_gradients():
    # A blank image behind ReLU: the norm is 0.
    built = neck()
    maps = torch.zeros(1, 6, 4, 4, requires_grad=True), torch.zeros(1, 8, 2, 2, requires_grad=True)
    joint = built(maps)[0]
    joint.sum().backward()
    assert not joint.any()
    assert all(part.grad.isfinite().all() and part.grad.abs().max() < 1e5 for part in (*built.parameters(), *maps))


def test_large_activations_survive_mixed_precision():
    built = neck()
    fine, coarse = torch.rand(1, 6, 8, 8), torch.rand(1, 8, 4, 4)
    with torch.autocast('cpu', dtype=torch.float16):
        half = built((fine.half() * 3000, coarse.half()))[0]
    torch.testing.assert_close(half.float(), built((fine, coarse))[0], rtol=0.02, atol=0.01)


def test_two_builds_from_one_config():
    cfg = dict(type='Conv34Neck', in_channels=(6, 8), out_channels=5, init_cfg=dict(type='Normal', layer='Conv2d', std=0.5))
    first, second = MODELS.build(cfg), MODELS.build(cfg)
    assert first.state_dict().keys() == second.state_dict().keys()
    second.init_weights()
    assert second.reduce.weight.std() > 0.2


def test_maps_come_in_the_order_asked_for():
    maps = torch.rand(1, 6, 4, 4), torch.rand(1, 8, 2, 2)
    coarse, joint = neck(out_maps=('coarse', 'joint'))(maps)
    assert coarse is maps[1] and joint.shape == (1, 5, 4, 4)
    assert [map.shape for map in neck(out_maps=('joint', ))(maps)] == [(1, 5, 4, 4)]
    with pytest.raises(ValueError, match='out_maps'):
        neck(out_maps=('coarse', ))
