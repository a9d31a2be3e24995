"""The second reading of a slide: other networks score the detections again."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.slides.crops import read_crops
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.slide import Slide
from mitos_mmdet.slides.slide_stain import slide_stain

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.second_reader import SecondReader
    from mitos_mmdet.slides.tissue import TissueMask


def read_again(slide: Slide, detections: Detections, reader: 'SecondReader', tissue: 'TissueMask | None' = None,
               progress: Callable[[int, int], None] | None = None, normalise: bool = True, device: str = 'cpu') -> Detections:
    """The detections with the mean score of the detector and of a second reader, by falling score.

    Mitotic figures that the detector scores below ``reader.least_score`` are not read again: the reader's score counts as 0 there.

    Args:
        slide: ``Slide`` with um/px.
        detections: ``Detections`` of the slide.
        reader: ``SecondReader``.
        tissue: ``TissueMask`` that the slide's stain is measured on; None: the whole slide.
        progress: Called as ``progress(done, total)`` after every few crops.
        normalise: Give networks the colours that they were trained with, where they want such; False: those of the slide.
        device: Where the networks run.
    """
    mitoses = detections.labels == detections.classes.index(MITOSIS)
    chosen = np.flatnonzero(mitoses & (detections.scores >= reader.least_score))
    opinions = np.zeros((len(reader.groups), len(detections)))
    for number, group in enumerate(reader.groups):
        stain, _ = slide_stain(slide, group, tissue) if normalise and len(chosen) else (None, None)
        for part, crops in read_crops(slide, detections.points[chosen], group.crop_size, group.um_per_px, device):
            opinions[number, chosen[part]] = group.predict(np.stack([group.prepare(crop, stain) for crop in crops]))
            if progress is not None:
                progress(number * len(chosen) + min(part.stop, len(chosen)), len(reader.groups) * len(chosen))
    scores = np.where(mitoses, reader.mean(detections.scores, opinions), detections.scores)
    return replace(detections, scores=scores).take(np.argsort(-scores, kind='stable'))
