"""Checkpoints from strangers: read as weights, never as code, and checked against the model before use."""

import os
import pickle
from pathlib import Path

import numpy as np
import torch


def allow_mmengine_types():
    """Lets torch's safe loader read what mmengine itself writes beside the weights (log histories, random states).

    mmengine 0.10.7 cannot read its own checkpoints back under torch >= 2.6 without this; onedl-mmengine allows all of ``getattr`` for
    it, which is more than is safe.
    """
    from mmengine.logging.history_buffer import HistoryBuffer

    core = np._core if hasattr(np, '_core') else np.core
    # A log history refers to its statistics as getattr(HistoryBuffer, 'mean').
    torch.serialization.add_safe_globals([HistoryBuffer, (_history_statistic, 'builtins.getattr'), np.ndarray, np.dtype,
                                          core.multiarray._reconstruct, core.multiarray.scalar,
                                          *{type(np.dtype(kind)) for kind in 'bBhHiIlLqQefd?'}])


def _history_statistic(owner, name):
    from mmengine.logging.history_buffer import HistoryBuffer

    if owner is not HistoryBuffer or name not in ('min', 'max', 'mean', 'current'):
        raise pickle.UnpicklingError(f'weights only: getattr of {owner!r}')
    return getattr(owner, name)


def refuse_code(trust=False):
    """Makes every ``torch.load`` of this process weights-only, or, where the user trusts the file, not.

    mmengine quietly falls back to unpickling code; torch's own switch cannot be talked out of it.
    """
    os.environ.pop('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' if not trust else 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)
    os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' if trust else 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'


def find_checkpoint(path):
    """The checkpoint at ``path``: the file itself, or a work dir's last one.

    Raises:
        ValueError: There is none.
    """
    path = Path(path)
    if path.is_dir():
        pointer = path / 'last_checkpoint'
        if not pointer.is_file():
            raise ValueError(f'{path}: holds no last_checkpoint. Give a .pth file, or the work dir of a training')
        last = Path(pointer.read_text(encoding='utf-8').strip())
        path = last if last.is_file() else path / last.name
    if not path.is_file():
        raise ValueError(f'{path}: no such checkpoint')
    return path


def read_checkpoint(path, trust=False):
    """The checkpoint's content, on the CPU.

    Raises:
        ValueError: Not a checkpoint, truncated, or one that would run code when it is read (unless ``trust``).
    """
    allow_mmengine_types()
    try:
        return torch.load(path, map_location='cpu', weights_only=not trust)
    except pickle.UnpicklingError as error:
        if 'Unsupported operand' in str(error):  # not a pickle of torch's: text, an image, ...
            raise ValueError(f'{path}: damaged, or not a checkpoint') from error
        raise ValueError(f'{path}: holds code, not only weights, and reading it would run that code. If you trust where it comes '
                         f'from, add --trust-checkpoint') from error
    except Exception as error:  # torch's reader meets random bytes with errors of every kind
        raise ValueError(f'{path}: damaged, or not a checkpoint ({type(error).__name__})') from error


def check_fits(checkpoint, model, path):
    """Compares a checkpoint's weights with the model's.

    mmengine loads what fits, leaves the rest at random and only logs it.

    Raises:
        ValueError: Weights are missing, left over, or of another shape; the message counts them and names one.
    """
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict):
        raise ValueError(f'{path}: not a checkpoint of a model')
    weights = {str(key).removeprefix('module.'): value for key, value in weights.items()}
    wanted = {key.removeprefix('module.'): value for key, value in model.state_dict().items()}
    wrong = [key for key in wanted if key not in weights]
    wrong += [key for key in weights if key not in wanted or getattr(weights[key], 'shape', None) != wanted[key].shape]
    if wrong:
        raise ValueError(f"{path}: a checkpoint of another model, {len(wrong)} of {len(wanted)} weights do not fit, '{wrong[0]}' "
                         f'for one. Give the config it was trained with')
