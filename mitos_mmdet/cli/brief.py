"""``--brief``: a training or test in a few lines. The log file in the work dir keeps everything."""

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.hooks import Hook

_SKIPPED = re.compile(r'(^| - )skipped\b')  # how a line on frames that were left out begins, behind mmengine's level


@contextlib.contextmanager
def brief_output(brief: bool) -> Iterator[Callable]:
    """Keeps mmengine's log off the terminal, not out of the log file; lines with a warning of this project still get through.

    Yields:
        Callable: Prints a line to the terminal.
    """
    terminal = sys.stdout

    def say(line):
        print(line, file=terminal, flush=True)

    if not brief:
        yield say
        return
    # mmengine's console handler takes the stdout that it finds when the logger is made.
    with contextlib.redirect_stdout(_OnlySkipped(terminal)):
        yield say


class _OnlySkipped:
    """A stream that lets messages about skipped images and failed checks through, and drops the rest."""

    def __init__(self, terminal):
        self._terminal, self._passes = terminal, False

    def write(self, text) -> int:
        if text != '\n':  # the end of a line goes with the line
            self._passes = bool(_SKIPPED.search(text) or ' ERROR ' in text)
        if self._passes:
            self._terminal.write(text)
        return len(text)

    def flush(self) -> None:
        self._terminal.flush()

    def isatty(self) -> bool:
        return False


def epoch_lines(say: Callable[[str], None]) -> 'Hook':
    """A hook that says one line per epoch: the mean loss, the time left, and the scores where the epoch was validated."""
    from mmengine.hooks import Hook

    class EpochLines(Hook):
        priority = 'LOWEST'

        def before_train_epoch(self, runner):
            self._started, self._losses = time.monotonic(), []

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self._losses.append(float(outputs['loss'].detach()))

        def after_train_epoch(self, runner):
            seconds = time.monotonic() - self._started
            left = (runner.max_epochs - runner.epoch - 1) * seconds
            say(f'epoch {runner.epoch + 1} of {runner.max_epochs}: loss {sum(self._losses) / len(self._losses):.3f}, '
                f'{seconds / len(self._losses):.2f} s per iteration, about {left / 60:.0f} min left')

        def after_val_epoch(self, runner, metrics=None):
            if metrics and 'centroid/f1' in metrics:
                say(f"validated: F1 {metrics['centroid/f1']:.3f}, AP {metrics['centroid/ap']:.3f}")

    return EpochLines()


def found_lines(metrics: Mapping[str, float], report: str | None = None, pictures: str | None = None) -> list[str]:
    """What a test found, in sentences: numbers, what they mean, and which file to open.

    Args:
        metrics: What ``Runner.test`` returns, with ``centroid/...`` keys.
        report: The page that was written, or None.
        pictures: The folder of pictures, or None.
    """
    value = {key.removeprefix('centroid/'): number for key, number in metrics.items()}
    hits, missed, wrong = (int(value[key]) for key in ('tp', 'fn', 'fp'))
    threshold, chosen_here = next((number, 'best' in key) for key, number in value.items() if key.startswith('threshold_'))
    lines = [f'Found {hits} of {hits + missed} mitotic figures on {int(value["frames"])} frames, with {wrong} false positives: '
             f'F1 {value["f1"]:.3f} (precision {value["precision"]:.3f}, recall {value["recall"]:.3f}) at a score of '
             f'{threshold:.2f} or more.',
             'F1 is 1 where every mitotic figure is found and nothing else is reported, 0 where nothing is found.'
             + (' The score threshold was chosen on these frames, so the score is slightly optimistic.' if chosen_here else '')]
    if report:
        lines.append(f'Open {report} in a browser: the curves, and the mitotic figures found, missed and falsely reported.')
    if pictures:
        lines.append(f'Each frame with its detections marked is in {pictures}.')
    return lines
