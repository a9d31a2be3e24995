"""Registered model components, one class per file."""

from mitos_mmdet import compat

# A component imported by itself works too: most of mmdet imports mmcv.ops, which this provides where mmcv has no compiled operators.
compat.install()
