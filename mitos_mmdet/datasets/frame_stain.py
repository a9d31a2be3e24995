"""The stain of a whole frame, also for its tiles: measured once, kept in the annotation file, used by the transforms."""

import random
from collections.abc import Callable

import numpy as np

from mitos_mmdet.stain import NoStainError, StainEstimate, estimate_stain


def stain_record(image: np.ndarray, method: str) -> dict:
    """What an annotation file keeps of a frame's stain under ``stain``.

    Args:
        image: uint8 ``(H, W, 3)`` RGB, the whole frame.
        method: ``'macenko'``, ``'vahadane'`` or ``'reinhard'``.

    Returns:
        dict: The estimate as plain values, or ``method`` and the ``reason`` why there is none.
    """
    try:
        return estimate_stain(image, method).to_dict()
    except NoStainError as error:
        return dict(method=method, reason=str(error))


def stain_of(info: dict, image: Callable[[], np.ndarray], method: str, per_tile: bool = False, backend: str = 'fast') -> StainEstimate:
    """The stain to take for an image: that of its whole frame.

    Args:
        info: The data info or metainfo: ``stain`` as ``stain_record`` gives it, ``frame`` if the image is a tile.
        image: Function that gives the pixels, uint8 ``(H, W, 3)`` RGB, should they be needed.
        method: The method wanted.
        per_tile: Measure the image itself, whatever it is.
        backend: What measures an image that brings no record, see ``estimate_stain``.

    Returns:
        StainEstimate

    Raises:
        NoStainError: The image, or the frame that it is of, has no stain to measure.
        ValueError: A tile whose frame's stain is not recorded for this method, or is recorded wrongly.
    """
    name = info.get('img_path', 'the image')
    record = None if per_tile else info.get('stain')
    if record is not None and not isinstance(record, dict):
        raise ValueError(f'{name}: its stain {record!r} is not a record. Cut the tiles again with mitos tile')
    if record and record.get('method') == method:
        if 'reason' in record:
            raise NoStainError(record['reason'])
        return StainEstimate.from_dict(record, f'{name}: its stain')
    if 'frame' in info and not per_tile:
        raise ValueError(f"{name}: is a tile or crop, and the {method} stain of its frame {info['frame']} is not recorded. Record it by "
                         f'mitos tile --stain {method} (crops: mitos measure-stains --method {method}), or set per_tile=True')
    return estimate_stain(image(), method, backend=backend)


def happens(prob: float) -> bool:
    """Whether something of this probability happens now (mmengine seeds each worker's ``random``)."""
    return random.random() < prob
