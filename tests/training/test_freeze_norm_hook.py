"""Frozen statistics stay through a training step, while weights learn."""

from types import SimpleNamespace

import torch
from torch import nn

from mitos_mmdet.training.freeze_norm_hook import FreezeNormHook


def test_statistics_stay_and_weights_learn():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    FreezeNormHook().before_train_iter(SimpleNamespace(model=model), 0)
    assert not model[1].training and model[2].training
    model(torch.rand(2, 3, 8, 8)).sum().backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    after = model.state_dict()
    assert torch.equal(after['1.running_mean'], before['1.running_mean']) and torch.equal(after['1.running_var'], before['1.running_var'])
    assert not torch.equal(after['1.bias'], before['1.bias'])
