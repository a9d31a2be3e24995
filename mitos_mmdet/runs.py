"""What tools/train.py and tools/test.py share: the command line's say over a config, checked before anything is written."""

import os
from pathlib import Path

DEVICES = ('auto', 'cuda', 'cpu')
_PHASES = ('phase_one_checkpoint', 'phase_two_checkpoint')  # of TwoPhaseDetector


def load_mmdet():
    """Makes mmdet ready for use, our components registered.

    Raises:
        ValueError: mmdet is absent or unsuited; the message says what to install.
    """
    try:
        import mitos_mmdet.register  # noqa: F401
    except ImportError as error:
        raise ValueError(str(error)) from error


def add_arguments(parser):
    """The flags both tools have; those of mmdet's own tools keep their names."""
    parser.add_argument('--work-dir', help='where logs, checkpoints and results go (default: work_dirs/CONFIG_NAME)')
    add_config_arguments(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher; pytorch is torchrun (default: none)')
    # torch.distributed.launch hands the rank over as a flag, torchrun as LOCAL_RANK.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by the launcher')


def add_config_arguments(parser):
    """The flags of every tool that reads a config, for ``read_config``."""
    try:
        from mmengine.config import DictAction
    except ImportError:
        load_mmdet()
        raise

    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)
    parser.add_argument('--data-root', help="where the dataset is, in place of the config's data_root")
    parser.add_argument('--device', choices=DEVICES, default='auto', help='auto: the GPU if there is one (default)')
    parser.add_argument('--strict', action='store_true', help='stop at an unreadable image (default: skip, count and list it)')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='also read checkpoints that hold code; only for files you trust')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='settings that replace those of the config, as in mmdet: optim_wrapper.optimizer.lr=0.01 key="[a,b]"')


def read_config(args):
    """The config with the command line's changes.

    Raises:
        ValueError: The config cannot be read, the device is absent, or the work dir cannot be written.
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
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    data_root = args.data_root or (args.cfg_options or {}).get('data_root')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for dataset in _datasets(cfg.get(loader)):
            if data_root:
                dataset['data_root'] = data_root
            if args.strict and dataset['type'] == 'MitosisDataset':
                dataset['strict'] = True
    _set_device(cfg, args)
    check_writable('--work-dir', cfg.work_dir)
    return cfg


def brings_weights(cfg):
    """Whether the config's model names the checkpoints that it is made of."""
    return all(cfg.model.get(key) for key in _PHASES)


def check_pixel_sizes(cfg):
    """Before a training whose validation would need them: a radius in um wants the pixel size of every labelled image.

    Raises:
        ValueError: One has none; the message names it.
    """
    from mitos_mmdet.core.lengths import Length, check_um_per_px
    from mitos_mmdet.datasets.coco_format import read_annotations

    metrics = [part for part in _dicts(cfg.get('val_evaluator')) if part.get('type') == 'CentroidMetric']
    for radius in (Length.parse(metric.get('radius', '7.5um')) for metric in metrics):
        for dataset in _datasets(cfg.get('val_dataloader')) if radius.unit == 'um' else ():
            for image in read_annotations(Path(dataset.get('data_root') or '', dataset['ann_file']))['images']:
                if image.get('labelled', True):
                    check_um_per_px(image.get('um_per_px'), image.get('file_name'), needed_for=f'a radius of {radius}')


def check_writable(flag, path):
    """Refuses an output path that could not be made, without making it.

    Raises:
        ValueError: Its nearest folder that exists is not one to write in.
    """
    nearest = next(parent for parent in (Path(path).absolute(), *Path(path).absolute().parents) if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f'{flag} {path}: cannot be written there. Choose another folder')


def set_from_scratch(cfg):
    """Drops every pretrained weight of the config and every checkpoint it names, and trains what they would have frozen."""
    for part in _dicts(cfg.model):
        part.update({key: None for key in _PHASES if key in part})
        if isinstance(part.get('init_cfg'), dict) and part['init_cfg'].get('type') == 'Pretrained':
            part['init_cfg'] = None
            if 'frozen_stages' in part:
                part['frozen_stages'] = -1
            if 'norm_eval' in part:
                part['norm_eval'] = False


def set_test_time_augmentation(cfg):
    """Tests on each frame and its mirror images, united, unless the config brings a ``tta_model`` and ``tta_pipeline``."""
    from mmengine.config import ConfigDict

    dataset = next(_datasets(cfg.test_dataloader))
    flips = [dict(type='RandomFlip', prob=1.0, direction=direction) for direction in ('horizontal', 'vertical', 'diagonal')]
    pack = dict(dataset.pipeline[-1])
    pack['meta_keys'] = (*pack.get('meta_keys', ()), 'flip', 'flip_direction')
    cfg.setdefault('tta_pipeline', [*dataset.pipeline[:-1], dict(type='TestTimeAug', transforms=[
        [*flips, dict(type='RandomFlip', prob=0.0)], [pack]])])
    cfg.setdefault('tta_model', dict(type='FrameTTAModel'))
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
    dataset.pipeline = cfg.tta_pipeline


def end_processes():
    """Lets the processes of a distributed run end together: one that leaves early makes gloo abort the others."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def amp_settings():
    """What ``--amp`` makes of a config's ``optim_wrapper``, after :func:`read_config` has chosen the device."""
    import torch

    return dict(type='AmpOptimWrapper', loss_scale='dynamic') if torch.cuda.is_available() else dict(type='CpuAmpOptimWrapper')


def _set_device(cfg, args):
    import torch

    if args.device == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
    gpu = args.device != 'cpu' and torch.cuda.is_available()
    if args.device == 'cuda' and not gpu:
        raise ValueError('--device cuda: torch sees no GPU. Check the driver (nvidia-smi), or use --device cpu')
    if args.launcher != 'none' and not gpu:
        _distribute_on_cpu(cfg, args.launcher)


def _distribute_on_cpu(cfg, launcher):
    # mmengine's launchers insist on a GPU; with the process group there already it leaves them alone.
    import torch.distributed as dist

    if launcher != 'pytorch':
        raise ValueError(f'--launcher {launcher}: without a GPU only --launcher pytorch (torchrun) works')
    if 'RANK' not in os.environ:
        raise ValueError('--launcher pytorch: start it with torchrun, as in: torchrun --nproc_per_node 2 tools/train.py ...')
    if not dist.is_initialized():
        dist.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', broadcast_buffers=False,
                                 device_ids=None, find_unused_parameters=cfg.get('find_unused_parameters', False))


def _datasets(part):
    return (found for found in _dicts(part) if 'ann_file' in found)


def _dicts(part):
    """Every dict in a nest of dicts and lists, outermost first."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for item in part:
            yield from _dicts(item)
