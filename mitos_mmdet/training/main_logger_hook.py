"""``MainLoggerHook``: the main process alone writes the scores of a distributed test."""

from typing import TYPE_CHECKING

from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmengine.registry import HOOKS

if TYPE_CHECKING:
    from mmengine.runner import Runner


@HOOKS.register_module()
class MainLoggerHook(LoggerHook):
    """mmengine's ``LoggerHook``, except that the main process alone writes the scores of a test.

    In mmengine every process writes them to the same JSON file at the same time, so that the end of one text can stay behind another.
    Takes its arguments.
    """

    def after_test_epoch(self, runner: 'Runner', metrics: dict[str, float] | None = None) -> None:
        """Logs the scores and writes them as JSON, in the main process."""
        if is_main_process():
            super().after_test_epoch(runner, metrics)
