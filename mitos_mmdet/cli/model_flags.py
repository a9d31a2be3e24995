"""The flags that choose a model, the same for every command that detects."""

import argparse
from typing import TYPE_CHECKING, Any

from mitos_mmdet.compat.devices import DEVICES
from mitos_mmdet.model_zoo.load_model import ENGINES, PRECISIONS

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel


def add_model_flags(command: argparse.ArgumentParser) -> 'argparse._ArgumentGroup':
    """``--model``, ``--device``, ``--engine``, ``--precision`` and ``--trust-checkpoint``, as a group, which may get more flags."""
    flags = command.add_argument_group('model and speed')
    flags.add_argument('--model', nargs='+', metavar='MODEL', help='a bundled model, or CONFIG CHECKPOINT (default: the bundled one)')
    flags.add_argument('--device', choices=DEVICES, default='auto', help='auto: the GPU if there is one (default)')
    flags.add_argument('--engine', choices=ENGINES, default='auto',
                       help='auto: OpenVINO on a CPU where it is installed, else torch (default)')
    flags.add_argument('--precision', choices=PRECISIONS, default='float32',
                       help='bfloat16: twice as fast on a CPU with AMX, scores change by about 0.004; int8: the bundled detector '
                            'twice as fast on other CPUs, too, scores change by about 0.01 (default: %(default)s)')
    flags.add_argument('--trust-checkpoint', action='store_true', help='also read checkpoints that hold code; only for files you trust')
    return flags


def check_model_flag(args: argparse.Namespace) -> None:
    """Refuses more names than a config and its checkpoint.

    Raises:
        ValueError: With what to give instead.
    """
    if args.model is not None and len(args.model) > 2:
        raise ValueError(f"--model {' '.join(args.model)}: give the name of a bundled model, or CONFIG CHECKPOINT")


def load_chosen(args: argparse.Namespace, calibration: str | None = None, threads: int | None = None) -> 'LoadedModel':
    """The model that the flags choose. Where OpenVINO computes, torch is left one thread: two pools of threads would fight for the cores.

    Args:
        args: With the flags of ``add_model_flags``.
        calibration, threads: As of ``load_model``.

    Raises:
        ValueError: As of ``load_model``.
    """
    import torch

    from mitos_mmdet.model_zoo import load_model

    model = load_model(**_model_choice(args), threads=threads, calibration=calibration)
    if model.engine == 'openvino':
        torch.set_num_threads(1)
    return model


def _model_choice(args: argparse.Namespace) -> dict[str, Any]:
    """What the flags say, as arguments of ``load_model``."""
    model, checkpoint = (*(args.model or ()), None, None)[:2]
    return dict(model=model, checkpoint=checkpoint, device=args.device, engine=args.engine, precision=args.precision,
                trust=args.trust_checkpoint)
