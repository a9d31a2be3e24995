"""Jobs on several processes, which end with the one that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

_MOST_WORKERS = 8  # Ours: a worker holds a decoded frame twice, 250 MB for a MIDOG one.


def worker_count(workers: int | None = None) -> int:
    """How many processes to start: as given, or with None one per core, 8 at most.

    Raises:
        ValueError: Fewer than one.
    """
    if workers is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
        return min(_MOST_WORKERS, cores)
    if workers < 1:
        raise ValueError(f'--workers {workers}: must be at least 1')
    return workers


def run_jobs(function: Callable, jobs: Mapping, workers: int) -> Generator[tuple[Any, Any], None, None]:
    """Calls a function for every job; in this process if there is one worker or one job.

    Args:
        function: Of a module, so that another process finds it.
        jobs: ``{key: job}``.
        workers: Processes.

    Yields:
        tuple: ``(key, function(job))`` as each is done. Close the generator to leave the rest undone.

    Raises:
        ValueError: The system killed a worker.
    """
    workers = min(workers, len(jobs))
    if workers <= 1:
        yield from ((key, function(job)) for key, job in jobs.items())
        return
    # Spawned, not forked: the same on every system, and safe beside the threads of numpy and Pillow.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context('spawn'), initializer=_start_worker)
    try:
        futures = {pool.submit(function, job): key for key, job in jobs.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise ValueError('a worker process was killed, perhaps for want of memory. Run it again with fewer --workers: it goes on '
                         'where it stopped') from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker():
    """One core per worker. Ctrl-C is the main process's, and the worker ends with it: else it would hang or write beside the next run's."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
