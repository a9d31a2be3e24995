"""``NormalizeStain``: every image as if the target's stains and scanner had made it."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mitos_mmdet.datasets.frame_stain import happens, stain_of
from mitos_mmdet.datasets.pixels import uint8_image
from mitos_mmdet.stain import NoStainError, StainNormalizer


@TRANSFORMS.register_module()
class NormalizeStain(BaseTransform):
    """Normalises ``img`` with one estimate for the whole frame.

    Stands right after ``LoadFrame``: a whole frame is measured as it is, a tile by what ``mitos tile`` recorded of its frame,
    so that all tiles of a frame change alike. What has no stain to measure (glass, ink, a blank frame) stays as it is, and
    ``stain_skipped`` says why.

    Args:
        method: ``'macenko'`` (paper: MIDOG Cascade R-CNN, MITOS-RCNN), ``'vahadane'`` or ``'reinhard'``.
        target: ``'default'``, or a file: a fitted normaliser's JSON, or an image to look like.
        per_tile: Measure each image by itself (ours: off; every tile would get another colour).
        prob: Share of the images that are normalised (ours: 1; 0.5 shows originals and normalised copies alike).
        backend: ``'fast'`` (ours), or ``'staintools'``, the reference; of a tile the recorded stain of its frame is taken with both.

    Raises:
        ValueError: A target that cannot be used; a tile without its frame's stain; an image that is not uint8.
    """

    def __init__(self, method: str = 'macenko', target: str = 'default', per_tile: bool = False, prob: float = 1.0, backend: str = 'fast'):
        self.normalizer = StainNormalizer.to_look_like(target, method, backend)
        self.method = method
        self.target = target
        self.per_tile = per_tile
        self.prob = prob
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """``results`` with ``img`` uint8 ``(H, W, 3)`` BGR normalised, and ``stain`` that of the target."""
        if not happens(self.prob):
            return results
        rgb = uint8_image(results, 'NormalizeStain')[..., ::-1]
        try:
            source = stain_of(results, lambda: rgb, self.method, self.per_tile, self.backend)
        except NoStainError as error:
            results['stain_skipped'] = str(error)
            return results
        results['img'] = np.ascontiguousarray(self.normalizer.apply(rgb, source)[..., ::-1])
        results['stain'] = self.normalizer.target.to_dict()
        return results

    def __repr__(self):
        return (f"{type(self).__name__}(method='{self.method}', target='{self.target}', per_tile={self.per_tile}, prob={self.prob}, "
                f"backend='{self.backend}')")
