"""Untrusted checkpoints: read as weights, never as code, and checked against the model before use."""

import contextlib
import os
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mitos_mmdet.core.files import is_regular
from mitos_mmdet.core.names import printable

_WRAPPERS = re.compile(r'^(module\.)+')
_NUMBERED = re.compile(r'(?:epoch|iter)_(\d+)\.pth$')


def allow_mmengine_types() -> None:
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


def refuse_code(trust: bool = False) -> None:
    """Makes every ``torch.load`` of this process weights-only, or, where the user trusts the file, not.

    mmengine quietly falls back to unpickling code; torch's own switch cannot be talked out of it.
    """
    os.environ.pop('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' if not trust else 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)
    os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' if trust else 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'


def is_trusted() -> bool:
    """Whether :func:`refuse_code` was told that this process may read code from checkpoints."""
    return os.environ.get('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD') == '1'


def find_checkpoint(path: str | Path, best: bool = False) -> Path:
    """The checkpoint at ``path``: the file itself, or one of a work dir.

    Args:
        path: A file, or the work dir of a training.
        best: Of a work dir its best one, where it has one. Else the last: that which ``last_checkpoint`` names, or where that file is
            missing, empty or names none, the newest that can be read.

    Raises:
        ValueError: There is none.
    """
    path = Path(path)
    if path.is_dir():
        return _of_work_dir(path, best)
    if not is_regular(path):
        raise ValueError(f'{path}: no such checkpoint')
    return path


def _of_work_dir(folder, best):
    bests = sorted(folder.glob('best_*.pth'), key=lambda file: file.stat().st_mtime)
    if best and bests:
        return bests[-1]
    with contextlib.suppress(OSError, ValueError):
        last = Path((folder / 'last_checkpoint').read_text(encoding='utf-8').strip())
        for file in (last, folder / last.name):
            if last.name and is_regular(file) and _is_whole(file):
                return file
    numbered = {file: int(found[1]) for file in folder.glob('*.pth') if (found := _NUMBERED.match(file.name))}
    for file in sorted(numbered, key=numbered.get, reverse=True):
        if is_regular(file) and _is_whole(file):
            return file
    raise ValueError(f'{folder}: holds no checkpoint that can be read (no last_checkpoint, epoch_N.pth or iter_N.pth). Give a .pth '
                     f'file, or the work dir of a training')


def _is_whole(file):
    """Whether a file is no fragment: torch writes the list of contents last."""
    try:
        if zipfile.is_zipfile(file):
            return True
        with open(file, 'rb') as opened:
            return opened.read(2) == b'\x80\x02'  # torch's older format
    except OSError:
        return False


def read_checkpoint(path: str | Path, trust: bool = False, map_location: Any = 'cpu') -> Any:
    """The checkpoint's content, on the CPU unless ``map_location`` names another device.

    Raises:
        ValueError: Not a checkpoint, truncated, or one that would run code when it is read (unless ``trust``).
    """
    allow_mmengine_types()
    if not is_regular(path):
        raise ValueError(f'{path}: no such checkpoint')
    try:
        return torch.load(path, map_location=map_location, weights_only=not trust)
    except pickle.UnpicklingError as error:
        if 'Unsupported operand' in str(error):  # not a pickle of torch's: text, an image, ...
            raise ValueError(f'{path}: damaged, or not a checkpoint') from error
        raise ValueError(f'{path}: holds code, not only weights, and reading it would run that code. If you trust where it comes '
                         f'from, add --trust-checkpoint') from error
    except Exception as error:  # torch's reader meets random bytes with errors of every kind
        raise ValueError(f'{path}: damaged, or not a checkpoint ({type(error).__name__})') from error


def check_fits(checkpoint: Any, model: torch.nn.Module, path: str | Path) -> dict:
    """Compares a checkpoint's weights with the model's.

    mmengine loads what fits, leaves the rest at random and only logs it.

    Returns:
        dict: The weights by the model's own names, for its ``load_state_dict``.

    Raises:
        ValueError: Weights are missing, left over, of another shape or kind, no tensors, or not finite; the message counts them.
    """
    weights, wanted = _weights(checkpoint, path), _plain(model.state_dict())
    wrong = [key for key in wanted if key not in weights]
    wrong += [key for key, value in weights.items()
              if key not in wanted or not _fits(value, wanted[key])]
    if wrong:
        raise ValueError(f'{path}: a checkpoint of another model, {len(wrong)} of {len(wanted)} weights do not fit, '
                         f"'{printable(wrong[0])}' for one. Give the config it was trained with")
    check_finite(weights, path)
    return weights


def _fits(value, wanted):
    """Whether a value of a checkpoint can become a weight: numbers of the same kind and shape. Quantised integers lose their scale."""
    is_dense = torch.is_tensor(value) and value.layout == torch.strided and not value.is_meta
    return is_dense and value.shape == wanted.shape and (value.is_floating_point() or not wanted.is_floating_point())


def check_loads(checkpoint: Any, model: torch.nn.Module, path: str | Path) -> None:
    """Makes sure that a checkpoint to start from brings anything at all: some weights of the model, all of them finite.

    Raises:
        ValueError: It does not.
    """
    weights, wanted = _weights(checkpoint, path), _plain(model.state_dict())
    if not any(key in wanted and _fits(value, wanted[key]) for key, value in weights.items()):
        raise ValueError(f'{path}: a checkpoint of another model, none of its {len(weights)} weights fits, so all would stay random. Give '
                         f'one of this model')
    check_finite(weights, path)


def check_finite(weights: Mapping, path: str | Path) -> None:
    """Refuses weights of a training that was lost.

    Raises:
        ValueError: Some are NaN or infinite; the message counts them and names one.
    """
    bad = [key for key, value in weights.items()
           if torch.is_tensor(value) and value.is_floating_point() and not (value.is_meta or torch.isfinite(value.to_dense()).all())]
    if bad:
        raise ValueError(f"{path}: {len(bad)} of {len(weights)} weights hold NaN or infinity, '{printable(bad[0])}' for one. The training "
                         f'was lost before: take an earlier checkpoint')


def _weights(checkpoint, path):
    """The weights of a checkpoint by name."""
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict):
        raise ValueError(f'{path}: not a checkpoint of a model')
    return _plain(weights)


def _plain(weights):
    """Weights without what DataParallel and models of test-time augmentation, one around the other too, put before every name."""
    return {_WRAPPERS.sub('', str(key)): value for key, value in weights.items()}
