"""Which mitotic figures of a slide are atypical, by the bundled classifier."""

from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.slides.crops import read_crops
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.slide import Slide

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.load_atypical import AtypicalClassifier


def with_atypical(slide: Slide, detections: Detections, classifier: 'AtypicalClassifier', threshold: float,
                  device: str = 'cpu') -> 'Detections':
    """The detections with the probability that each mitotic figure is atypical; NaN for other classes and below the threshold.

    Args:
        slide: ``Slide``.
        detections: ``Detections``.
        classifier: ``AtypicalClassifier``.
        threshold: Least score of what is classified.
        device: Where the classifier runs.
    """
    atypical = np.full(len(detections), np.nan)
    chosen = np.flatnonzero((detections.labels == detections.classes.index(MITOSIS)) & (detections.scores >= threshold))
    for part, crops in read_crops(slide, detections.points[chosen], classifier.crop_size, classifier.um_per_px, device):
        atypical[chosen[part]] = classifier.predict(crops)
    return Detections(detections.points, detections.scores, detections.labels, detections.um_per_px, detections.size, detections.boxes,
                      detections.classes, atypical)
