"""``shared_core``: OpenVINO's runtime, once per process, and what this processor has for it."""

import functools
import os

import openvino

_HINTS = {'float32': 'f32', 'bfloat16': 'bf16'}


@functools.cache
def shared_core() -> openvino.Core:
    """The only ``openvino.Core`` of this process.

    Each core's CPU plugin gives its thread a signal stack of its own and frees it in the end. Of two cores the first to go would leave the
    thread with freed memory, and the next signal, Ctrl-C or the end of a child process, would crash it.
    """
    return openvino.Core()


def precision_here(precision: str) -> str:
    """What a network of floats computes in: ``'bfloat16'`` where that is asked for and this CPU has it, else ``'float32'``."""
    return precision if precision == 'bfloat16' and 'BF16' in shared_core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES') else 'float32'


def precision_hint(precision: str) -> str:
    """What OpenVINO calls ``precision_here(precision)``."""
    return _HINTS[precision_here(precision)]


def cores() -> int:
    """Cores that this process may use, at most ``OMP_NUM_THREADS`` where that is set."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    limit = os.environ.get('OMP_NUM_THREADS', '')
    return max(1, min(count, int(limit))) if limit.isdigit() and int(limit) else count
