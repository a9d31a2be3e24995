"""``WholeCheckpointHook``: checkpoints are always complete, even if the training is killed."""

import os.path as osp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.dist import is_main_process
from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS

from mitos_mmdet.core.files import draft, replacing
from mitos_mmdet.training.resume_state_hook import ResumeStateHook

if TYPE_CHECKING:
    from mmengine.runner import Runner

_BACKEND = 'mitos_whole'


class _WholeFiles(LocalBackend):
    """Files on disk, each written whole or not at all."""

    def put(self, obj, filepath) -> None:
        with draft(filepath) as name:
            name.write_bytes(obj)

    def put_text(self, obj, filepath, encoding='utf-8') -> None:
        with replacing(filepath) as file:
            file.write(obj)


register_backend(_BACKEND, _WholeFiles, force=True)


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` with another order: write, fsync, rename, and only then remove older checkpoints.

    mmengine removes the previous best first and writes in place, so a kill leaves half a file and no best one. Takes its arguments; local
    folders only, unless ``backend_args`` says otherwise.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault('backend_args', dict(backend=_BACKEND))
        super().__init__(*args, **kwargs)

    def before_train(self, runner: 'Runner') -> None:
        """As mmengine's; a resumed run's last checkpoint is the one it was resumed from."""
        super().before_train(runner)
        if runner._resume and runner._load_from:
            self.last_ckpt = str(runner._load_from)

    def _save_checkpoint_with_step(self, runner, step, meta):
        stale = None
        if self.max_keep_ckpts > 0 and not (self.keep_ckpt_ids and self.keep_ckpt_ids[-1] == step):
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                stale = self.filename_tmpl.format(self.keep_ckpt_ids[0])
            self.keep_ckpt_ids.append(step)  # a deque of that length: the first one leaves it
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        for hook in runner.hooks:
            if isinstance(hook, ResumeStateHook):
                hook.gather()
        runner.save_checkpoint(self.out_dir, name, self.file_client_args, save_optimizer=self.save_optimizer,
                               save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch,
                               backend_args=self.backend_args, **self.args)
        if is_main_process():
            with replacing(osp.join(runner.work_dir, 'last_checkpoint')) as file:
                file.write(self.last_ckpt)
            if stale:
                self._remove(self.file_backend.join_path(self.out_dir, stale))

    def _save_best_checkpoint(self, runner, metrics):
        before = self._best()
        self._set_best(dict.fromkeys(before))  # so that mmengine removes nothing before the new one is whole
        super()._save_best_checkpoint(runner, metrics)
        after = self._best()
        self._set_best({key: after.get(key) or before[key] for key in before})
        for key, path in before.items():
            if path and after.get(key) and not _same(path, after[key]) and is_main_process():
                self._remove(path)
                runner.logger.info(f'The previous best checkpoint {path} is removed')

    def _remove(self, path):
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def _best(self):
        """``{metric: path of its best checkpoint or None}``."""
        if not self.save_best:
            return {}
        return {'': self.best_ckpt_path} if len(self.key_indicators) == 1 else dict(self.best_ckpt_path_dict)

    def _set_best(self, paths):
        if not self.save_best:
            return
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = paths['']
        else:
            self.best_ckpt_path_dict = paths


def _same(path, other):
    return Path(path).resolve() == Path(other).resolve()
