"""Registers with mmdet, and so puts the stand-in for mmcv's operators in place, before a test module imports mmdet's models."""

import mitos_mmdet.register  # noqa: F401
