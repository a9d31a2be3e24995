"""``LoadFrame``: an image from disk, whole or not at all."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS
from mmengine.registry import Registry

from mitos_mmdet.core.images import read_rgb

# mmdet's DetInferencer and image_demo.py look for a transform of this name, whatever its scope, to put their own loader in its place.
_SCOPE = 'mitos_mmdet'
_OURS = ROOT_TRANSFORMS.children[_SCOPE] if _SCOPE in ROOT_TRANSFORMS.children else \
    Registry('transform', parent=ROOT_TRANSFORMS, scope=_SCOPE)
_BLANK = 64  # px: what stands in for a frame that could not be read


@_OURS.register_module(name='LoadImageFromFile', force=True)
@TRANSFORMS.register_module()
class LoadFrame(BaseTransform):
    """Loads ``img_path`` as uint8 ``(H, W, 3)`` in BGR, mmdet's channel order.

    mmcv's ``LoadImageFromFile`` gives a truncated file back with its rest grey, or an assertion; here it is a ``BrokenImageError``
    (a ``ValueError``) that names the file. Sets ``img``, ``img_shape`` and ``ori_shape``. A data info that is already ``broken`` gets a
    blank white image.

    In a test pipeline its name is ``mitos_mmdet.LoadImageFromFile``: so mmdet's inferencer finds it.
    """

    def transform(self, results: dict) -> dict:
        """``results`` with ``img`` uint8 ``(H, W, 3)`` BGR."""
        if 'broken' in results:
            image = np.full((_BLANK, _BLANK, 3), 255, np.uint8)
        else:
            image = np.ascontiguousarray(read_rgb(results['img_path'])[..., ::-1])
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
