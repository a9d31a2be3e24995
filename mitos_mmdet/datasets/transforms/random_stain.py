"""``RandomStain``: more or less of each stain, as other laboratories would have it."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS

from mitos_mmdet.datasets.frame_stain import happens, stain_of
from mitos_mmdet.datasets.pixels import uint8_image
from mitos_mmdet.stain import NoStainError
from mitos_mmdet.stain.augment import perturb
from mitos_mmdet.stain.estimation import check_backend


@TRANSFORMS.register_module()
class RandomStain(BaseTransform):
    """Stain augmentation in concentration space: haematoxylin and eosin are each scaled by ``alpha`` and shifted by ``beta``.

    Stands after ``LoadFrame`` or ``NormalizeStain`` and takes the stain that they leave: the frame's, or the target's. Images without a
    stain to measure stay as they are.

    Args:
        sigma_alpha: ``alpha`` is drawn from 1 +- this (ours: 0.2, as in staintools).
        sigma_beta: ``beta`` is drawn from 0 +- this, in units of the stain's 99th percentile (ours: 0.1).
        method: How the stain is measured: ``'macenko'`` or ``'vahadane'``.
        per_tile: As in ``NormalizeStain``.
        prob: Share of the images that are changed (ours: 0.5).
        backend: What measures the stain, as in ``NormalizeStain``.

    Raises:
        ValueError: A negative sigma; a tile without its frame's stain; an image that is not uint8.
    """

    def __init__(self, sigma_alpha: float = 0.2, sigma_beta: float = 0.1, method: str = 'macenko', per_tile: bool = False,
                 prob: float = 0.5, backend: str = 'fast'):
        if sigma_alpha < 0 or sigma_beta < 0:
            raise ValueError(f'sigma_alpha={sigma_alpha} and sigma_beta={sigma_beta} must not be negative')
        if method == 'reinhard':
            raise ValueError("method='reinhard' knows no stains to change: use 'macenko' or 'vahadane'")
        self.sigma_alpha = sigma_alpha
        self.sigma_beta = sigma_beta
        self.method = method
        self.per_tile = per_tile
        self.prob = prob
        check_backend(backend)
        self.backend = backend

    @cache_randomness
    def _draw(self):
        alpha = np.random.uniform(1 - self.sigma_alpha, 1 + self.sigma_alpha, 2)
        return alpha, np.random.uniform(-self.sigma_beta, self.sigma_beta, 2)

    def transform(self, results: dict) -> dict:
        """``results`` with ``img`` uint8 ``(H, W, 3)`` BGR restained."""
        if not happens(self.prob):
            return results
        rgb = uint8_image(results, 'RandomStain')[..., ::-1]
        try:
            source = stain_of(results, lambda: rgb, self.method, self.per_tile, self.backend)
        except NoStainError as error:
            results['stain_skipped'] = str(error)
            return results
        alpha, beta = self._draw()
        results['img'] = np.ascontiguousarray(perturb(rgb, source, alpha, beta * np.asarray(source.maxima))[..., ::-1])
        return results

    def __repr__(self):
        return (f"{type(self).__name__}(sigma_alpha={self.sigma_alpha}, sigma_beta={self.sigma_beta}, method='{self.method}', "
                f"per_tile={self.per_tile}, prob={self.prob}, backend='{self.backend}')")
