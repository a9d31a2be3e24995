"""``ThreadClock``: what ``detect`` spends outside its networks, by the CPU time of each thread."""

import collections
import threading
import time


class ThreadClock:
    """CPU seconds that each thread spends in what it wraps, ``{(thread, name): seconds}``."""

    def __init__(self):
        self.seconds = collections.Counter()

    def calls(self, name, function):
        def timed(*args, **kwargs):
            start = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[threading.get_ident(), name] += time.thread_time() - start
        return timed

    def steps(self, name, generator):
        """The same for a function that yields."""
        def timed(*args, **kwargs):
            steps, end = generator(*args, **kwargs), object()
            step = self.calls(name, lambda: next(steps, end))
            while (one := step()) is not end:
                yield one
        return timed

    def beyond(self):
        """Of ``detect`` and of the threads that read for it, without the networks (forward and mmdet's post-processing)."""
        main = threading.get_ident()
        readers = sum(seconds for (thread, _), seconds in self.seconds.items() if thread != main)
        return self.seconds[main, 'detect'] - self.seconds[main, 'network'] + readers
