"""Stain augmentation in concentration space: Tellez et al., Whole-slide mitosis detection in H&E breast histology, TMI 2018.

Their stains are the fixed ones of HED; here they are the image's own, as in staintools' StainAugmentor.
"""

from collections.abc import Sequence

import numpy as np

from mitos_mmdet.stain.concentrations import Unmixer, mix
from mitos_mmdet.stain.estimation import check_image
from mitos_mmdet.stain.stain_estimate import StainEstimate


def perturb(image: np.ndarray, source: StainEstimate, alpha: Sequence[float], beta: Sequence[float]) -> np.ndarray:
    """The image with each stain's concentration c changed to ``alpha * c + beta``.

    The background is changed, too, as by staintools (``augment_background=True``): so each pixel depends on its own colour alone,
    and tissue gets no seam where it ends.

    Args:
        image: uint8 ``(H, W, 3)`` RGB of any size; not changed.
        source: ``StainEstimate`` of the image, or of the frame it was cut from, by Macenko or Vahadane.
        alpha, beta: One number a stain, haematoxylin first. ``(1, 1)`` and ``(0, 0)`` give the image as its two stains can.
            staintools draws alpha from 0.8..1.2 and beta from -0.2..0.2.

    Returns:
        np.ndarray: A new one, uint8 ``(H, W, 3)``, clipped.

    Raises:
        ValueError: Not such an image, or an estimate by Reinhard, which has no stains.
    """
    check_image(image)
    if source.method == 'reinhard':
        raise ValueError('the estimate is by reinhard, which has no stains to change: use macenko or vahadane')
    return mix(image, Unmixer(source.matrix), alpha, beta, source.matrix)
