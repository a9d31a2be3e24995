"""A network compiled for this CPU, kept in the user's cache folder: compiling takes a second, reading it back a tenth of one."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import openvino

from mitos_mmdet.core.files import replacing
from mitos_mmdet.model_zoo.networks.openvino_file import leave_room, place_in_cache

_DIGEST = hashlib.sha256
_LENGTH = _DIGEST().digest_size


def compiled(core: openvino.Core, network: Callable[[], openvino.Model], key: str, settings: dict) -> openvino.CompiledModel:
    """The network compiled, from the cache where it is there and whole.

    Args:
        core: ``openvino.Core``.
        network: Gives what is to be compiled, and is called only if it has to be.
        key: What identifies weights, structure and shape.
        settings: Of OpenVINO's CPU device.

    Raises:
        RuntimeError: OpenVINO cannot compile it.
    """
    cpu = [core.get_property('CPU', name) for name in ('FULL_DEVICE_NAME', 'OPTIMIZATION_CAPABILITIES')]
    file = place_in_cache('\n'.join([key, repr(sorted(settings.items())), str(cpu)])).with_suffix('.blob')
    blob = _read(file)
    if blob is not None:
        with contextlib.suppress(RuntimeError):
            return core.import_model(blob, 'CPU', settings)
    made = core.compile_model(network(), 'CPU', settings)
    _keep(file, made)
    return made


def _read(file: Path) -> bytes | None:
    """What ``_keep`` wrote; None where it is absent or damaged."""
    try:
        content = file.read_bytes()
        os.utime(file)  # so that what is used stays longest
    except OSError:
        return None
    digest, blob = content[:_LENGTH], content[_LENGTH:]
    return blob if _DIGEST(blob).digest() == digest else None


def _keep(file, made):
    """Into the cache; a cache that cannot be written is none."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        blob = made.export_model().getvalue()
        with replacing(file, 'wb') as content:
            content.write(_DIGEST(blob).digest())
            content.write(blob)
        leave_room(file.parent)
