"""``PackFrameInputs``: packs a frame with all that ``CentroidMetric`` and the exports need to know of it."""

from collections.abc import Sequence

from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS

# Beside what mmdet's own test pipelines pack: what MitosisDataset reads from the annotation file, and what a mirrored frame needs.
FRAME_META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction', 'um_per_px', 'scanner',
                   'case_id', 'domain', 'labelled', 'instances', 'broken')


@TRANSFORMS.register_module()
class PackFrameInputs(PackDetInputs):
    """mmdet's ``PackDetInputs`` whose default ``meta_keys`` are those of a frame to be scored; a key that is absent is left out.

    Args:
        meta_keys: Names in ``results`` that become metadata of the data sample.
    """

    def __init__(self, meta_keys: Sequence[str] = FRAME_META_KEYS):
        super().__init__(meta_keys=meta_keys)
