"""The device and the processes of a run, where mmengine alone would choose wrongly."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

DEVICES = ('auto', 'cpu', 'cuda')  # what a user may choose from
_RANK_VARIABLES = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}


def set_device(cfg: 'Config', device: str, launcher: str) -> None:
    """Chooses the device before a ``Runner`` is built, and joins the processes of a distributed run on CPUs.

    Args:
        cfg: The config of the run; a distributed run on CPUs changes its ``model_wrapper_cfg``.
        device: ``'auto'``, ``'cuda'`` or ``'cpu'``.
        launcher: mmengine's launcher, or ``'none'``.

    Raises:
        ValueError: The GPU asked for is absent, or the launcher needs one.
    """
    import torch

    if device == 'cpu':
        _hide_gpus()
    gpu = device != 'cpu' and torch.cuda.is_available()
    if device == 'cuda' and not gpu:
        raise ValueError('--device cuda: torch sees no GPU. Check the driver (nvidia-smi), or use --device cpu')
    if launcher != 'none' and not gpu:
        _distribute_on_cpu(cfg, launcher)


def is_first_process(launcher: str) -> bool:
    """Whether this process has rank 0, also before mmengine joins the processes; ``launcher`` as of ``set_device``."""
    return int(os.environ.get(_RANK_VARIABLES.get(launcher, ''), 0)) == 0


def amp_settings(device: str = 'auto') -> dict:
    """What ``--amp`` makes of a config's ``optim_wrapper``."""
    import torch

    gpu = device != 'cpu' and torch.cuda.is_available()
    return dict(type='AmpOptimWrapper', loss_scale='dynamic') if gpu else dict(type='CpuAmpOptimWrapper')


def end_processes() -> None:
    """Lets the processes of a distributed run end together: one that leaves early makes gloo abort the others."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def _hide_gpus():
    # For processes that this one starts, and for torch where it has not yet looked.
    os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
    # mmengine looks for a GPU once, when it is imported, which was before the command line was read.
    import mmengine.device.utils

    mmengine.device.utils.DEVICE = 'cpu'


def _distribute_on_cpu(cfg, launcher):
    # mmengine's launchers insist on a GPU; with the process group there already it leaves them alone.
    import torch.distributed as dist

    if launcher != 'pytorch':
        raise ValueError(f'--launcher {launcher}: without a GPU only --launcher pytorch (torchrun) works')
    if 'RANK' not in os.environ:
        raise ValueError('--launcher pytorch: start it with torchrun, as in: torchrun --nproc_per_node 2 -m mitos_mmdet.cli train '
                         'CONFIG --launcher pytorch')
    if not dist.is_initialized():
        dist.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', broadcast_buffers=False,
                                 device_ids=None, find_unused_parameters=cfg.get('find_unused_parameters', False))
