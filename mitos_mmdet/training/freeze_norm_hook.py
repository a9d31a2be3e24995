"""``FreezeNormHook``: batch normalisation keeps the statistics that a model starts with."""

from typing import TYPE_CHECKING, Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch.nn.modules.batchnorm import _BatchNorm

if TYPE_CHECKING:
    from mmengine.runner import Runner


@HOOKS.register_module()
class FreezeNormHook(Hook):
    """Puts every batch normalisation into evaluation mode before each iteration; its scale and shift are still learnt.

    For training further with small batches, whose statistics are noisy, and for averaging weights over iterations, as statistics that
    moved do not fit the average.
    """

    def before_train_iter(self, runner: 'Runner', batch_idx: int, data_batch: Any = None) -> None:
        """``model.train()`` undoes it after each validation, so it is done anew."""
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
