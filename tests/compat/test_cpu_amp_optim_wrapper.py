"""bfloat16 in the forward pass and nowhere else."""

import torch
from mmengine.optim import build_optim_wrapper

import mitos_mmdet.register  # noqa: F401


def test_the_forward_pass_is_bfloat16_and_the_weights_stay_float32():
    model = torch.nn.Linear(4, 2)
    wrapper = build_optim_wrapper(model, dict(type='CpuAmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1),
                                              clip_grad=dict(max_norm=1)))
    before = model.weight.clone()
    with wrapper.optim_context(model):
        found = model(torch.ones(3, 4))
    assert found.dtype == torch.bfloat16 and not torch.is_autocast_enabled('cpu')
    wrapper.update_params(found.float().sum())
    assert model.weight.dtype == torch.float32 and (model.weight != before).all()


def test_accumulated_steps_are_kept():
    model = torch.nn.Linear(4, 2)
    wrapper = build_optim_wrapper(model, dict(type='CpuAmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1), accumulative_counts=2))
    before = model.weight.clone()
    for changed in (False, True):
        with wrapper.optim_context(model):
            wrapper.update_params(model(torch.ones(3, 4)).float().sum())
        assert (model.weight != before).all().item() is changed
