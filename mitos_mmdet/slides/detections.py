"""``Detections``: what was found on a slide."""

from dataclasses import dataclass, field, replace

import numpy as np

from mitos_mmdet.core.centroids import as_points
from mitos_mmdet.datasets.coco_format import CLASSES


@dataclass(frozen=True)
class Detections:
    """Detections of one slide, in px of level 0.

    Attributes:
        points: ``(n, 2)`` float64, centroids x, y.
        scores: ``(n,)`` float64, 0 to 1.
        labels: ``(n,)`` int64, indices into ``classes``.
        classes: Names of the classes.
        um_per_px: ``(x, y)`` um/px of level 0.
        size: ``(width, height)`` px of level 0.
        boxes: ``(n, 4)`` float64 xyxy.
        atypical: ``(n,)`` float64, probability that the mitotic figure is atypical, NaN for other classes; None where no
            classifier ran.

    Raises:
        ValueError: Arrays of different lengths, points that are not ``(N, 2)``, a label without a class, or um/px that is not positive.
    """

    points: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    um_per_px: tuple
    size: tuple
    boxes: np.ndarray = None
    classes: tuple = CLASSES
    atypical: np.ndarray | None = field(default=None)

    def __post_init__(self):
        shaped = dict(points=as_points(self.points, 'points'), scores=np.asarray(self.scores, np.float64).reshape(-1),
                      labels=np.asarray(self.labels, np.int64).reshape(-1), classes=tuple(self.classes),
                      um_per_px=tuple(float(side) for side in self.um_per_px), size=tuple(int(side) for side in self.size))
        boxes = np.repeat(shaped['points'], 2, axis=0).reshape(-1, 4) if self.boxes is None else self.boxes
        shaped['boxes'] = np.asarray(boxes, np.float64).reshape(-1, 4)
        if self.atypical is not None:
            shaped['atypical'] = np.asarray(self.atypical, np.float64).reshape(-1)
        for name, value in shaped.items():
            object.__setattr__(self, name, value)
        count = len(self.points)
        for name in ('scores', 'labels', 'boxes', 'atypical'):
            if getattr(self, name) is not None and len(getattr(self, name)) != count:
                raise ValueError(f'{count} points but {len(getattr(self, name))} {name}')
        if count and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            raise ValueError(f'label {self.labels.max()} has no name among the classes {", ".join(self.classes)}')
        if not all(np.isfinite(side) and side > 0 for side in self.um_per_px):
            raise ValueError(f'{self.um_per_px} um/px is not a pixel size')

    def __len__(self):
        return len(self.points)

    def take(self, index: np.ndarray | slice) -> 'Detections':
        """Those that an index array or a mask picks."""
        atypical = None if self.atypical is None else self.atypical[index]
        return replace(self, points=self.points[index], scores=self.scores[index], labels=self.labels[index], boxes=self.boxes[index],
                       atypical=atypical)

    def where(self, threshold: float) -> 'Detections':
        """Those with score >= ``threshold``."""
        return self.take(self.scores >= threshold)

    def of(self, name: str) -> 'Detections':
        """Those of one class.

        Raises:
            ValueError: No class of that name.
        """
        if name not in self.classes:
            raise ValueError(f'no class {name!r}: the classes are {", ".join(self.classes)}')
        return self.take(self.labels == self.classes.index(name))

    @property
    def points_um(self) -> np.ndarray:
        """``(n, 2)`` float64 centroids in um."""
        return self.points * self.um_per_px
