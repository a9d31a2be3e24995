"""Trains a detector: mitos train configs/mitos/cascade_rcnn_midog.py."""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

from mitos_mmdet.cli.brief import brief_output, progress_lines
from mitos_mmdet.cli.config_checks import check_data, check_length, check_metric, check_model, check_pixel_sizes
from mitos_mmdet.cli.config_flags import add_arguments, read_config
from mitos_mmdet.cli.load_mmdet import load_mmdet
from mitos_mmdet.compat.config_edits import checkpoints_in, set_from_scratch
from mitos_mmdet.compat.devices import amp_settings, end_processes, is_first_process
from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.output_folder import locked
from mitos_mmdet.core.outputs import check_writable


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos train', description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from a checkpoint, or from the last one of the work dir')
    parser.add_argument('--amp', action='store_true',
                        help='mixed precision: float16 on a GPU; bfloat16 on a CPU, which is faster where it has AVX512-BF16')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate to the real total batch size')
    parser.add_argument('--from-scratch', action='store_true', help='train without the pretrained weights of the config')
    parser.add_argument('--brief', action='store_true',
                        help='one line per epoch, or per tenth of a training that counts iterations; the log file keeps everything')
    add_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    load_mmdet()
    from mitos_mmdet.compat.checkpoints import refuse_code

    cfg = read_config(args)
    check_writable('--work-dir', Path(cfg.work_dir))
    if not cfg.get('train_dataloader'):
        raise ValueError(f'{args.config}: has no train_dataloader: only mitos test uses it. Train its parts by their own configs')
    refuse_code(args.trust_checkpoint)
    check_model(cfg, args.config)
    check_length(cfg, args.config)
    check_metric(cfg, args.config)
    check_data(cfg, 'train_dataloader', 'val_dataloader')
    check_pixel_sizes(cfg)
    resumed = _resumed_from(cfg, args)
    if not resumed:
        _check_start(cfg)
    _apply_flags(cfg, args)
    if not resumed:
        _check_there(cfg)
    try:
        _train(cfg, args, _read_start(cfg, args, resumed))
    except URLError as error:
        raise ValueError(f"the config's pretrained weights cannot be fetched ({error.reason}). Train without them by --from-scratch, "
                         f'or put the file here and name it with --cfg-options model.detector.backbone.init_cfg.checkpoint=FILE') from error
    except UnpicklingError as error:
        raise ValueError(f"{args.config}: its pretrained weights are damaged or hold code ({one_line(error)[:80]}...). Use others, or add "
                         f'--trust-checkpoint if you trust where they come from') from error
    end_processes()


def _apply_flags(cfg, args):
    """What ``--amp``, ``--auto-scale-lr`` and ``--from-scratch`` change in the config."""
    if args.amp:
        cfg.optim_wrapper.update(amp_settings(args.device))
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(f'{args.config}: --auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config')
        cfg.auto_scale_lr.enable = True
    if args.from_scratch:
        set_from_scratch(cfg)
        cfg.load_from = None


def _resumed_from(cfg, args):
    """The checkpoint that ``--resume`` continues; None for a new training."""
    from mitos_mmdet.compat.checkpoints import find_checkpoint

    if args.resume == 'auto' and not any(Path(cfg.work_dir).glob('*.pth')):
        print(f'{cfg.work_dir}: nothing to resume there, starting anew')
        return None
    return args.resume and find_checkpoint(cfg.work_dir if args.resume == 'auto' else args.resume)


def _read_start(cfg, args, resumed):
    """The content of the resumed checkpoint, which the config then names; None for a new training, whose initial weights are read once."""
    from mitos_mmdet.compat.checkpoints import read_checkpoint

    if not resumed:
        if cfg.get('load_from') and Path(cfg.load_from).is_file():
            read_checkpoint(cfg.load_from, args.trust_checkpoint)  # a damaged one is an error before the work dir is made
        return None
    cfg.resume = True
    cfg.load_from = str(resumed)
    checkpoint = read_checkpoint(cfg.load_from, args.trust_checkpoint)
    if not isinstance(checkpoint, dict) or not {'meta', 'optimizer', 'state_dict'} <= set(checkpoint):
        raise ValueError(f'{cfg.load_from}: weights alone, nothing to resume. Start from them by --cfg-options load_from=FILE')
    _say_if_finished(cfg, checkpoint['meta'])
    return checkpoint


def _train(cfg, args, checkpoint):
    from mmengine.runner import Runner

    from mitos_mmdet.compat.checkpoints import check_fits

    is_first = is_first_process(args.launcher)
    with locked(cfg.work_dir) if is_first else contextlib.nullcontext(), brief_output(args.brief) as say:
        runner = Runner.from_cfg(cfg)
        if args.brief and is_first:
            runner.register_hook(progress_lines(say))
        if checkpoint:
            check_fits(checkpoint, runner.model, cfg.load_from)
        del checkpoint  # else weights and optimiser would stay in memory twice for the whole training
        runner.train()


def _check_start(cfg):
    """Refuses weights to start from that the new training's own checkpoints would replace."""
    for path in map(Path, checkpoints_in(cfg)):
        if path.is_file() and path.resolve().parent == Path(cfg.work_dir).resolve():
            raise ValueError(f'{path}: lies in the work dir of this training, whose checkpoints could replace it. Choose another '
                             f'--work-dir')


def _check_there(cfg):
    """The file of weights to start from is there, before the work dir is."""
    path = cfg.get('load_from')
    if path and '://' not in path and not Path(path).is_file():
        raise ValueError(f'{path}: no such checkpoint, which this training starts from. Train it first, name another by --cfg-options '
                         f'load_from=FILE, or start without by --from-scratch')


def _say_if_finished(cfg, meta):
    """Resuming a training that has nothing left to do is no error, but it is said."""
    for unit in ('epoch', 'iter'):
        most = cfg.train_cfg.get(f'max_{unit}s')
        if most and meta.get(unit, 0) >= most:
            print(f'{cfg.load_from}: this training is finished ({unit} {meta[unit]} of {most}). Nothing is trained; to go on, raise it by '
                  f'--cfg-options train_cfg.max_{unit}s=N')
