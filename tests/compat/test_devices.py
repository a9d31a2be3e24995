"""``--device cpu`` holds on a machine with a GPU, where mmengine has chosen the GPU before any flag is read."""

import mmengine.device.utils
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.device import get_device

from mitos_mmdet.compat.devices import amp_settings, set_device


@pytest.fixture
def with_gpu(monkeypatch):
    """As where torch sees a GPU and mmengine was imported with it."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(mmengine.device.utils, 'DEVICE', 'cuda')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')


def test_cpu_means_cpu(with_gpu):
    set_device(ConfigDict(), 'cpu', 'none')
    assert get_device() == 'cpu'
    assert amp_settings('cpu')['type'] == 'CpuAmpOptimWrapper'


@pytest.mark.parametrize('device', ['auto', 'cuda'])
def test_the_gpu_is_taken_where_there_is_one(with_gpu, device):
    set_device(ConfigDict(), device, 'none')
    assert get_device() == 'cuda'
    assert amp_settings(device)['type'] == 'AmpOptimWrapper'


def test_an_absent_gpu_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match='--device cuda: torch sees no GPU'):
        set_device(ConfigDict(), 'cuda', 'none')
    with pytest.raises(ValueError, match='--launcher slurm'):
        set_device(ConfigDict(), 'auto', 'slurm')
