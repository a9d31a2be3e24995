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


def test_convolutions_go_through_channels_last_and_checkpoints_stay_plain(tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 4, 3))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    wrapper = build_optim_wrapper(model, dict(type='CpuAmpOptimWrapper', optimizer=dict(type='AdamW', lr=0.1)))
    with wrapper.optim_context(model):
        found = model(torch.ones(2, 3, 9, 9))
    assert found.is_contiguous(memory_format=torch.channels_last)
    for key, value in model.state_dict().items():
        if not key.startswith('1.running') and key != '1.num_batches_tracked':
            assert torch.equal(value, before[key])
    wrapper.update_params(found.float().sum())
    torch.save(model.state_dict(), tmp_path / 'weights.pth')
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 4, 3))
    other.load_state_dict(torch.load(tmp_path / 'weights.pth'))
    assert torch.equal(other[2].weight, model[2].weight) and not torch.equal(other[2].weight, before['2.weight'])
