"""Trained models: those in the package, and any config with its checkpoint, behind one ``load_model``.

Importing this package is light; torch and mmdet are loaded by the first call.
"""

from mitos_mmdet.model_zoo.bundled import bundled_names
from mitos_mmdet.model_zoo.load_model import load_model

__all__ = ['bundled_names', 'load_model']
