"""``CheckTrainingHook``: stops a training that diverged, or whose classes do not fit its data, with a one-line error."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner.base_loop import BaseLoop

from mitos_mmdet.compat.checkpoints import check_finite, check_fits, check_loads

if TYPE_CHECKING:
    from mmengine.runner import Runner

_SKIPS = 20  # Ours: batches in a row that the loss scaler of mixed precision may skip.


@HOOKS.register_module()
class CheckTrainingHook(Hook):
    """Raises an error on faults that mmengine trains through silently.

    - The loss is a number; with a loss scaler, which leaves out batches that overflow, at least one in 20.
    - Weights are numbers before they are saved.
    - The heads have as many classes as the training data, so that no class is learnt as background.
    - A checkpoint to test with, or to resume from, holds every weight of the model; one to start from holds some of them.

    Raises:
        ValueError: One of them does not hold.
    """

    priority = 'VERY_HIGH'

    def __init__(self):
        self._lost = 0

    def before_train(self, runner: 'Runner') -> None:
        """Compares the heads' classes with the data's."""
        classes = getattr(runner.train_dataloader.dataset, 'metainfo', {}).get('classes')
        for name, count in head_classes(_bare(runner.model)):
            if classes is not None and count != len(classes):
                raise ValueError(f'model.{name}.num_classes={count}, but the training data have {len(classes)} classes '
                                 f'{tuple(classes)!r}: the others would be learnt as background. Set num_classes={len(classes)}, or '
                                 f'metainfo.classes of the dataset')

    def after_train_iter(self, runner: 'Runner', batch_idx: int, data_batch: Any = None, outputs: dict | None = None) -> None:
        """Looks at the loss."""
        outputs = outputs if isinstance(outputs, dict) else {}
        loss = outputs.get('loss')
        if loss is None or bool(torch.isfinite(torch.as_tensor(loss)).all()):
            self._lost = 0
            return
        self._lost += 1
        scaled = getattr(runner.optim_wrapper, 'loss_scaler', None) is not None
        if not scaled or self._lost >= _SKIPS:
            worst = [key for key, value in outputs.items() if not torch.isfinite(torch.as_tensor(value)).all()]
            value = torch.as_tensor(loss).detach().mean().item()
            raise ValueError(f'the loss is {value} at iteration {runner.iter + 1} of epoch {runner.epoch + 1} (not finite: '
                             f"{', '.join(worst)}), training stopped. Go on from the last checkpoint in {runner.work_dir} (--resume) with "
                             f'a lower learning rate (optim_wrapper.optimizer.lr) or clipped gradients (optim_wrapper.clip_grad)')

    def before_save_checkpoint(self, runner: 'Runner', checkpoint: dict) -> None:
        """Refuses to save weights that are no numbers."""
        check_finite(checkpoint['state_dict'], f'{runner.work_dir}: the weights at iteration {runner.iter}')

    def after_load_checkpoint(self, runner: 'Runner', checkpoint: dict) -> None:
        """Compares a checkpoint with the model before it is loaded."""
        training = isinstance(runner._train_loop, BaseLoop)
        check = check_loads if training and not runner._resume else check_fits
        check(checkpoint, _bare(runner.model), runner._load_from or 'the checkpoint')


def head_classes(model: torch.nn.Module) -> Iterator:
    """``(name, num_classes)`` of every head of a detector that tells the classes of objects apart."""
    for name, module in model.named_modules():
        count = getattr(module, 'num_classes', None)
        if isinstance(count, int) and 'head' in name and 'rpn_head' not in name and 'semantic' not in name:
            yield name, count


def _bare(model):
    return model.module if is_model_wrapper(model) else model
