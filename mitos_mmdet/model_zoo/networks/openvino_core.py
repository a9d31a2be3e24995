"""``shared_core``: OpenVINO's runtime, once per process."""

import functools

import openvino


@functools.cache
def shared_core() -> openvino.Core:
    """The only ``openvino.Core`` of this process.

    Each core's CPU plugin gives its thread a signal stack of its own and frees it in the end. Of two cores the first to go would leave the
    thread with freed memory, and the next signal, Ctrl-C or the end of a child process, would crash it.
    """
    return openvino.Core()
