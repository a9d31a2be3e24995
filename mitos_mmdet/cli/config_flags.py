"""The flags of commands that read a config, and the config with their changes."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.cli.load_mmdet import load_mmdet
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.compat.config_edits import datasets_in, set_classes, set_data_root
from mitos_mmdet.compat.devices import DEVICES, set_device

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that ``train`` and ``test`` share; those of mmdet's own tools keep their names."""
    parser.add_argument('--work-dir', help='where logs, checkpoints and results go (default: work_dirs/CONFIG_NAME)')
    add_config_arguments(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher; pytorch is torchrun (default: none)')
    # torch.distributed.launch hands the rank over as a flag, torchrun as LOCAL_RANK.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by the launcher')


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of every command that reads a config, for ``read_config``."""
    try:
        from mmengine.config import DictAction
    except ImportError:
        load_mmdet()
        raise

    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)
    parser.add_argument('--data-root', help="where the dataset is, in place of the config's data_root")
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='classes of the annotation files to detect, such as --classes "mitotic figure"; heads follow')
    parser.add_argument('--device', choices=DEVICES, default='auto', help='auto: the GPU if there is one (default)')
    parser.add_argument('--strict', action='store_true', help='stop at an unreadable image (default: skip, count and list it)')
    add_pixel_limit(parser)
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='also read checkpoints that hold code; only for files you trust')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='settings that replace those of the config, as in mmdet: optim_wrapper.optimizer.lr=0.01 key="[a,b]"')


def read_config(args: argparse.Namespace) -> 'Config':
    """The config with the command line's changes.

    Raises:
        ValueError: The config cannot be read or the device is absent.
    """
    from mmengine.config import Config

    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if not Path(args.config).is_file():
        raise ValueError(f'{args.config}: no such config')
    try:
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options or {})
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(f'{args.config}: not a usable config ({type(error).__name__}: {error})') from error
    if not isinstance(cfg.get('model'), dict):
        raise ValueError(f'{args.config}: has no model. Give the config of a detector, such as configs/mitos/cascade_rcnn_midog.py')
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    if args.classes:
        set_classes(cfg, args.classes)
    data_root = args.data_root or (args.cfg_options or {}).get('data_root')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if (cfg.get(loader) or {}).get('num_workers') == 0:  # what torch refuses without workers
            cfg[loader].update(persistent_workers=False, prefetch_factor=None)
        for dataset in datasets_in(cfg.get(loader)):
            if data_root:
                set_data_root(dataset, data_root)
            if args.strict and dataset['type'] == 'MitosisDataset':
                dataset['strict'] = True
    set_device(cfg, args.device, args.launcher)
    # mmengine writes the config into the work dir under its own name: never over the one that was read.
    kept = Path(cfg.work_dir, Path(args.config).name)
    if kept.exists() and kept.samefile(args.config):
        object.__setattr__(cfg, '_filename', None)  # then it is written under the time of the run
    return cfg
