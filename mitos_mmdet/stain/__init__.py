"""Stain normalisation of H&E images: Macenko, Vahadane and Reinhard. Needs neither torch nor mmdet; see docs/stain.md."""

from mitos_mmdet.stain.estimation import estimate_stain
from mitos_mmdet.stain.normalizer import StainNormalizer
from mitos_mmdet.stain.stain_estimate import BACKENDS, METHODS, NoStainError, StainEstimate
from mitos_mmdet.stain.targets import DEFAULT_TARGETS

__all__ = ['BACKENDS', 'DEFAULT_TARGETS', 'METHODS', 'NoStainError', 'StainEstimate', 'StainNormalizer', 'estimate_stain']
