"""One image among many: what goes wrong with it is named and counted, and the others go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mitos_mmdet.core.files import OutputError
from mitos_mmdet.core.names import printable


def fault_of(path: str | Path, work: Callable, *arguments: Any) -> tuple:
    """Does the work on one image, whatever it raises.

    The one place where a run over many images catches errors: memory and number overflows, decoders' and encoders' errors of every
    kind concern this image alone. A full disk concerns all, and so does a lost worker.

    Args:
        path: The image, as the messages name it.
        work: Function of ``arguments``.

    Returns:
        tuple: ``(result, None)``, or ``(None, reason)`` without the path in it.

    Raises:
        OutputError: Nothing can be written.
    """
    try:
        return work(*arguments), None
    except OutputError:
        raise
    except Exception as error:
        text = str(error).removeprefix(f'{path}: ')
        return None, printable(text if isinstance(error, ValueError) and text else f'{type(error).__name__}: {text}')
