"""``mitos://NAME``: a bundled model's weights wherever mmengine loads a checkpoint, as in ``load_from='mitos://rtmdet_efficientnet-lite0'``."""

from mmengine.runner import CheckpointLoader

from mitos_mmdet.compat.checkpoints import read_checkpoint
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled

PREFIX = 'mitos://'


@CheckpointLoader.register_scheme(prefixes=PREFIX, force=True)
def load_bundled(filename: str, map_location: str | None = None) -> dict:
    """The content of a bundled checkpoint of any kind, its checksum verified; ``mitos://`` alone is the default detector.

    Raises:
        ValueError: No bundled model of that name, or a damaged installation.
    """
    name = filename.removeprefix(PREFIX)
    bundled = find_bundled(name, kind=None) if name else find_bundled()
    check_sha256(bundled.checkpoint, bundled.card['sha256'])
    return read_checkpoint(bundled.checkpoint, False, map_location or 'cpu')
