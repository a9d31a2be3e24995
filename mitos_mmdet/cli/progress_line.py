"""One line on a terminal that tells how far the work is."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

_EVERY_S = 0.2


class ProgressLine:
    """Shows ``title  tile 12/40  5.1 tiles/s  0:06 left`` on stderr; silent where that is no terminal.

    Args:
        title: What is worked on.
        unit: What is counted.
        stream, clock: For tests.
    """

    def __init__(self, title: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic, unit: str = 'tile'):
        self._stream = sys.stderr if stream is None else stream
        self._shown = getattr(self._stream, 'isatty', lambda: False)()
        self._unit = unit
        self._title, self._clock, self._start, self._last = title, clock, clock(), None
        self._first = None

    def __call__(self, done: int, total: int):
        """After each tile."""
        now = self._clock()
        if not self._shown or (self._last is not None and now - self._last < _EVERY_S and done < total):
            return
        self._last = now
        if self._first is None:  # what came before it, such as compiling the network, does not come again
            self._first = now, done
        since, before = self._first if done > self._first[1] else (self._start, 0)
        rate = (done - before) / max(now - since, 1e-9)
        left = round((total - done) / rate)
        how_far = f'{self._unit} {done}/{total}  {rate:.1f} {self._unit}s/s  {left // 60}:{left % 60:02d} left'
        self._stream.write(f'\r\x1b[K{self._title}  {how_far}')
        self._stream.flush()

    def say(self, doing: str) -> None:
        """Shows what is done before the first tile, such as loading the model."""
        if self._shown:
            self._last = self._clock()
            self._stream.write(f'\r\x1b[K{self._title}{doing} ...')
            self._stream.flush()

    def clear(self) -> None:
        """Removes the line."""
        if self._shown and self._last is not None:
            self._stream.write('\r\x1b[K')
            self._stream.flush()
