"""``RandomStainTransfer``: a crop as another slide's laboratory would have stained it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mitos_mmdet.datasets.coco_format import read_annotations
from mitos_mmdet.datasets.frame_stain import happens
from mitos_mmdet.datasets.pixels import uint8_image
from mitos_mmdet.stain import NoStainError, StainEstimate
from mitos_mmdet.stain.transfer import apply_map, transfer_map


@TRANSFORMS.register_module()
class RandomStainTransfer(BaseTransform):
    """Gives an image the stain of a slide drawn from a bank, then scales and shifts both stains.

    Takes the image's own stain from ``stain`` (as ``CropDataset`` measures it); an image without one stays as it is. After it ``stain`` is
    the target's.

    Args:
        bank: Annotation file whose images carry ``stain``, as ``mitos measure-stains`` writes, or a list of such files; None: only the
            scaling and shifting.
        prob: Share of images that get another slide's stain (ours: 0.7).
        sigma_alpha: Concentrations are multiplied by 1 +- this (ours: 0.25).
        sigma_beta: Concentrations are shifted by +- this, in units of the 99th percentile (ours: 0.05).
        sigma_white: Optical density of R, G and B is multiplied by 1 +- this, each by its own (ours: 0.08; scanners' white balance).

    Raises:
        ValueError: A bank without stains; a negative sigma; a stain by Reinhard; an image that is not uint8.
    """

    def __init__(self, bank: str | Sequence[str] | None = None, prob: float = 0.7, sigma_alpha: float = 0.25, sigma_beta: float = 0.05,
                 sigma_white: float = 0.08):
        if min(sigma_alpha, sigma_beta, sigma_white) < 0:
            raise ValueError(f'sigma_alpha={sigma_alpha}, sigma_beta={sigma_beta}, sigma_white={sigma_white} must not be negative')
        self.bank = bank
        self.prob = prob
        self.sigma_alpha = sigma_alpha
        self.sigma_beta = sigma_beta
        self.sigma_white = sigma_white
        self._stains = [stain for path in ([bank] if isinstance(bank, str) else bank or ()) for stain in read_bank(path)]

    def transform(self, results: dict) -> dict:
        """``results`` with ``img`` uint8 ``(H, W, 3)`` BGR restained."""
        record = results.get('stain')
        if not record or 'reason' in record:
            return results
        source = StainEstimate.from_dict(record)
        target = self._stains[np.random.randint(len(self._stains))] if self._stains and happens(self.prob) else source
        alpha = np.random.uniform(1 - self.sigma_alpha, 1 + self.sigma_alpha, 2)
        beta = np.random.uniform(-self.sigma_beta, self.sigma_beta, 2)
        white = np.random.uniform(1 - self.sigma_white, 1 + self.sigma_white, (3, 1))
        pixels = cv2.cvtColor(uint8_image(results, 'RandomStainTransfer'), cv2.COLOR_BGR2RGB)
        results['img'] = cv2.cvtColor(apply_map(pixels, transfer_map(source, target, alpha, beta) * white), cv2.COLOR_RGB2BGR)
        results['stain'] = target.to_dict()
        return results

    def __repr__(self):
        return (f"{type(self).__name__}(bank={self.bank!r}, prob={self.prob}, sigma_alpha={self.sigma_alpha}, "
                f'sigma_beta={self.sigma_beta}, sigma_white={self.sigma_white})')


def read_bank(path: str | Path) -> list:
    """The ``StainEstimate`` s of an annotation file's images, one per distinct stain.

    Raises:
        ValueError: None of its images carries a usable ``stain``.
    """
    stains = {}
    for image in read_annotations(path)['images']:
        record = image.get('stain')
        if record and 'reason' not in record:
            try:
                stains[str(record)] = StainEstimate.from_dict(record, f"{path}: stain of {image['file_name']}")
            except NoStainError:
                continue
    if not stains:
        raise ValueError(f'{path}: none of its images carries a stain. Write them with mitos measure-stains')
    return list(stains.values())
