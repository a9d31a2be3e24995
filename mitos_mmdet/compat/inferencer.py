"""mmdet 3.3's ``DetInferencer``, brought to what the maintained line does with names that carry a scope."""

from collections.abc import Sequence
from typing import Any


def install() -> None:
    """Lets ``DetInferencer`` find ``mitos_mmdet.LoadImageFromFile`` in a test pipeline, where it puts a loader of its own.

    The maintained line of mmdet ignores the scope of a step's name there; mmdet 3.3 does not, and refuses the config. SAHI's wrapper
    inherits from the class. Where names with a scope are found already, nothing changes.
    """
    from mmdet.apis.det_inferencer import DetInferencer

    if DetInferencer._get_transform_idx(None, [dict(type='scope.Step')], ('Step', )) != 0:
        DetInferencer._get_transform_idx = find_step


def find_step(_: Any, pipeline: Sequence[dict], name: str | tuple) -> int:
    """The place of the first step called ``name`` (a name, or a tuple of names and classes), or -1."""
    for place, step in enumerate(pipeline):
        kind = step['type']
        if (kind.rpartition('.')[2] if isinstance(kind, str) else kind) in name:
            return place
    return -1
