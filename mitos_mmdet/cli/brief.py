"""``--brief``: a training or test in a few lines. The log file in the work dir keeps everything."""

import contextlib
import math
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.hooks import Hook

_SKIPPED = re.compile(r'(^| - )skipped\b')  # how a line on frames that were left out begins, behind mmengine's level
_LINES = 10  # of a training that counts iterations (ours)


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


def progress_lines(say: Callable[[str], None]) -> 'Hook':
    """A hook that says how far a training is, after each epoch or, if it counts iterations, each tenth of it; and each validation's scores.

    A line gives the mean loss since the last one, the seconds per iteration and the time left, both without validations.
    """
    from mmengine.hooks import Hook
    from mmengine.runner import IterBasedTrainLoop

    class ProgressLines(Hook):
        priority = 'LOWEST'
        _started = 0.0

        def before_train_epoch(self, runner):  # once in a training that counts iterations
            self._started, self._losses = time.monotonic(), []

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self._losses.append(float(outputs['loss'].detach()))
            done, most = runner.iter + 1, runner.max_iters
            if isinstance(runner.train_loop, IterBasedTrainLoop) and (done % math.ceil(most / _LINES) == 0 or done == most):
                self._say(f'iteration {done} of {most}', most - done)
                self.before_train_epoch(runner)

        def after_train_epoch(self, runner):
            if not isinstance(runner.train_loop, IterBasedTrainLoop):
                self._say(f'epoch {runner.epoch + 1} of {runner.max_epochs}', (runner.max_epochs - runner.epoch - 1) * len(self._losses))

        def _say(self, done, left):
            seconds = (time.monotonic() - self._started) / len(self._losses)
            say(f'{done}: loss {sum(self._losses) / len(self._losses):.3f}, {seconds:.2f} s per iteration, about '
                f'{left * seconds / 60:.0f} min left')

        def before_val(self, runner):
            self._validated = time.monotonic()

        def after_val(self, runner):
            self._started += time.monotonic() - self._validated

        def after_val_epoch(self, runner, metrics=None):
            if metrics and 'centroid/f1' in metrics:
                say(f"validated: F1 {metrics['centroid/f1']:.3f}, AP {metrics['centroid/ap']:.3f}")

    return ProgressLines()


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
