"""``--device cpu`` holds on a machine with a GPU, where mmengine has chosen the GPU before any flag is read."""

import mmengine.device.utils
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.device import get_device

from mitos_mmdet.compat.devices import amp_settings, is_first_process, set_device


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


@pytest.mark.parametrize('launcher, variable', [('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')])
def test_each_launcher_tells_the_rank_its_own_way(monkeypatch, launcher, variable):
    """Slurm and MPI set no RANK before mmengine does: every process would lock the work dir, and all but one would stop."""
    for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, '0')
    assert is_first_process(launcher)
    monkeypatch.setenv(variable, '3')
    assert not is_first_process(launcher)
    assert is_first_process('none')  # a run of its own, whatever the shell has set
