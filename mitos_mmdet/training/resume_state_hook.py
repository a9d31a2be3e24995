"""``ResumeStateHook``: a resumed training ends with the same weights as an uninterrupted one."""

import functools
import json
import random
from pathlib import Path
from typing import cast

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, is_main_process
from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop, Runner

from mitos_mmdet.core.json_files import write_json

_KEY = 'mitos_resume_state'
_RECORD = 'last_validation.json'


@HOOKS.register_module()
class ResumeStateHook(Hook):
    """Keeps what mmengine's checkpoints leave out, and makes up for a validation that a kill cut off.

    In the checkpoint: the random state of every process (Python, NumPy, torch, CUDA) and how long ``EarlyStoppingHook`` has waited.
    Beside it, in ``last_validation.json``, after which iteration the last validation was complete: if the checkpoint's was due and is
    not there, it runs before training goes on, so its epoch can still be the best. Validation leaves the random state as it was. In a
    training by epochs, workers of the dataloader start anew each epoch, seeded by it, since the random state of a worker cannot be kept.

    Exact on a CPU for trainings by epochs, and for those by iterations without workers (``num_workers=0``) on mmengine >= 0.10.12. With
    workers a training by iterations draws other augmentations after a resume than it would have without the interruption.
    """

    priority = 'LOWEST'

    def __init__(self):
        self._loaded = None
        self._before_validation = None
        self._gathered = None

    def gather(self) -> None:
        """Collects the states of all processes. All of them call it before a checkpoint; mmengine saves in the main process alone."""
        self._gathered = all_gather_object(self._before_validation or random_state())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Puts every process's state into the checkpoint; only its own, where nobody called :meth:`gather`."""
        states, self._gathered = self._gathered or [self._before_validation or random_state()], None
        checkpoint[_KEY] = dict(random=states, stopping=_stopping(runner))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keeps the state until the training begins; mmengine seeds anew in between."""
        self._loaded = checkpoint.get(_KEY) if runner._resume else None

    def before_train(self, runner: Runner) -> None:
        """Restores the state of a resumed run, then runs the validation that was cut off."""
        self._before_validation = None
        if not runner._resume or runner.iter == 0:
            return
        record = _read_record(runner)
        done = record is not None and record.get('iter') == runner.iter
        if self._loaded:
            _set_stopping(runner, record['stopping'] if done else self._loaded['stopping'])
            if get_rank() < len(self._loaded['random']):
                set_random_state(self._loaded['random'][get_rank()])
        self._loaded = None
        if not done and _is_due(runner):
            runner.logger.info(f'The validation after iteration {runner.iter} was cut off and is made up now')
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Fresh workers for each epoch, seeded by it."""
        loader = runner.train_loop.dataloader
        if isinstance(runner.train_loop, EpochBasedTrainLoop) and loader.num_workers:
            loader._iterator = None  # ends persistent workers
            given = loader.worker_init_fn
            if isinstance(given, functools.partial) and 'seed' in given.keywords:
                # mmengine seeds worker w of process r with num_workers * r + w + seed.
                seeds = given.keywords['num_workers'] * runner.world_size
                seed = (runner.seed or 0) + runner.epoch * seeds
                loader.worker_init_fn = functools.partial(given.func, *given.args, **{**given.keywords, 'seed': seed})

    def before_val(self, runner: Runner) -> None:
        """Remembers the random state."""
        self._before_validation = random_state()
        self.gather()

    def after_val(self, runner: Runner) -> None:
        """Restores it, and writes down that this validation is complete."""
        if self._before_validation is not None:
            set_random_state(self._before_validation)
            self._before_validation = self._gathered = None
        if is_main_process() and runner.iter:
            write_json(dict(iter=runner.iter, epoch=runner.epoch, stopping=_stopping(runner)), _record_path(runner))


def random_state() -> dict:
    """The state of every random generator of this process, of plain values and tensors."""
    kind, keys, position, has_gauss, cached = cast(tuple, np.random.get_state())
    state = dict(python=random.getstate(), numpy=[kind, keys.tolist(), position, has_gauss, cached], torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: dict) -> None:
    """Restores what :func:`random_state` gave."""
    version, values, gauss = state['python']
    random.setstate((version, tuple(values), gauss))
    kind, keys, position, has_gauss, cached = state['numpy']
    np.random.set_state((kind, np.array(keys, np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available() and len(state['cuda']) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([each.cpu() for each in state['cuda']])


def _is_due(runner):
    """Whether a validation belongs after the iteration at hand."""
    loop = runner.train_loop
    if runner.val_loop is None:
        return False
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    now, last = (loop.epoch, loop.max_epochs) if by_epoch else (loop.iter, loop.max_iters)
    return now >= loop.val_begin and (now % loop.val_interval == 0 or now == last)


def _stopping(runner):
    """``[wait count, best score]`` of each ``EarlyStoppingHook``."""
    return [[hook.wait_count, float(hook.best_score)] for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]


def _set_stopping(runner, values):
    hooks = [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]
    for hook, (wait, best) in zip(hooks, values, strict=False):
        hook.wait_count, hook.best_score = wait, best


def _record_path(runner):
    return Path(runner.work_dir) / _RECORD


def _read_record(runner):
    try:
        record = json.loads(_record_path(runner).read_text(encoding='utf-8'))
        return record if isinstance(record.get('stopping'), list) else None
    except (OSError, ValueError, AttributeError):
        return None
