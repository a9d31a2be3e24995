"""Work done ahead of its use, on other threads, in order and with bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor


def read_ahead(function: Callable, items: Iterable, workers: int = 1, ahead: int = 8) -> Generator:
    """Yields ``function(item)`` in order while threads already work on the next ones.

    Args:
        function: Called on other threads.
        items: Any iterable.
        workers: Threads.
        ahead: Results that wait or are in work, at most.

    Raises:
        What ``function`` raises, at its item's turn. Closing the generator ends the threads.
    """
    waiting = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix='read-ahead')
    try:
        for item in items:
            if len(waiting) >= max(1, ahead):
                yield waiting.popleft().result()
            waiting.append(pool.submit(function, item))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
