"""Mitosis detection in H&E images, as a plugin for MMDetection 3.x.

Importing the package is cheap: it needs neither torch nor mmdet. What registers with mmdet is imported by
``mitos_mmdet.register``, the one target of a config's ``custom_imports``.
"""

__version__ = '0.2.0'
