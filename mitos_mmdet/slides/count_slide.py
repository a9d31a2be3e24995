"""Everything that is counted on a slide, in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.slides.counted_area import CountedArea, counted_area
from mitos_mmdet.slides.density import DensityMap, density_map
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.grade import DISCLAIMER, RULES, grade, veterinary_count
from mitos_mmdet.slides.hotspot import EXACT, GRID, TOO_LITTLE_TISSUE, WHOLE, Hotspot, find_hotspot
from mitos_mmdet.slides.settings import SlideSettings

if TYPE_CHECKING:
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.tissue import TissueMask

_ATYPICAL = 0.5  # Ours: probability from which a mitotic figure counts as atypical.
_SLIGHTLY_LESS = 0.1  # Ours: 17 of the 27 that the bundled model misses on validation score so little less, beside 91 others.

NO_FIGURE = 'No mitotic figure was found, so there is no hotspot.'
IS_EXACT = 'No window of this size holds more mitotic figures (exact search).'


@dataclass(frozen=True)
class SlideCount:
    """Counts of one slide.

    Attributes:
        mitoses: ``Detections`` of mitotic figures with score >= ``threshold``, first those in the hotspot, then the others, each by
            falling score. Place ``i`` is number ``i + 1`` on every page and picture.
        below: Those that score slightly less than the threshold and are not counted, for review, in the same order; their numbers go on.
        threshold: Least score that counts.
        area: ``CountedArea``.
        hotspot: ``Hotspot`` with ``indices`` into ``mitoses``; None without a mitotic figure.
        density: ``DensityMap``.
        grades: Tuple of ``Grade``, of the hotspot by every rule; without a mitotic figure, of 0 in the area counted.
    """
    mitoses: Detections
    below: Detections
    threshold: float
    area: CountedArea
    hotspot: Hotspot | None
    density: DensityMap
    grades: tuple

    @property
    def per_mm2(self) -> float | None:
        """Mean over the counted area; None where there is none."""
        return len(self.mitoses) / self.area.area_mm2 if self.area.area_mm2 > 0 else None

    @property
    def least_score(self) -> str:
        """The threshold in words: two digits after the point, or as many as tell it."""
        return max(f'{self.threshold:.2f}', f'{self.threshold:.3g}', key=len)

    @property
    def atypical_share(self) -> float | None:
        """Share of mitotic figures that are atypical by the classifier; None without one, or without a mitotic figure."""
        atypical = self.is_atypical
        return None if atypical is None or not len(atypical) else float(atypical.mean())

    @property
    def is_atypical(self) -> np.ndarray | None:
        """``(n,)`` bool, of each of ``mitoses``; None without a classifier."""
        return None if self.mitoses.atypical is None else self.mitoses.atypical >= _ATYPICAL

    @property
    def notes(self) -> list:
        """Caveats of the counts, a list of sentences."""
        no_area = [] if self.area.area_mm2 > 0 else ['No tissue was found, so there is no area to count in.']
        return [*hotspot_notes(self.hotspot), *no_area]

    def as_dict(self) -> dict:
        """As plain types, for ``summary.json``."""
        spot = self.hotspot
        return dict(
            mitotic_figures=len(self.mitoses), threshold=self.threshold, area_mm2=self.area.area_mm2, area=self.area.restricted,
            per_mm2=self.per_mm2, atypical_share=self.atypical_share,
            hotspot=spot and dict(
                mitotic_figures=spot.count, per_mm2=spot.per_mm2, area_mm2=spot.area_mm2, asked_mm2=spot.asked_mm2, shape=spot.shape,
                box_um=list(spot.box_um), box_px=[um / side for um, side in zip(spot.box_um, self.mitoses.um_per_px * 2, strict=True)],
                tissue_share=spot.tissue, search=spot.search, most_anywhere=spot.most_anywhere, step_um=spot.step_um),
            per_2_37_mm2=None if spot is None or self.grades[0].score is None else veterinary_count(spot.count, spot.area_mm2),
            grades=[each.as_dict() for each in self.grades], notes=self.notes, disclaimer=DISCLAIMER)


def count_slide(detections: Detections, settings: SlideSettings | None = None, threshold: float | None = None,
                bounds: Sequence[int] | None = None, tissue: 'TissueMask | None' = None, roi: 'Roi | None' = None) -> 'SlideCount':
    """Counts a slide.

    Args:
        detections: ``Detections`` of any score and class.
        settings: ``SlideSettings`` with the hotspot's window; None: the defaults.
        threshold: Least score that counts, over that of the settings; one of the two must be given.
        bounds: ``(x, y, width, height)`` level-0 px of the scanned part; None: the whole slide.
        tissue: ``TissueMask`` or None.
        roi: ``Roi`` or None.

    Returns:
        SlideCount.

    Raises:
        ValueError: No threshold, or a window that is not one.
    """
    settings = settings or SlideSettings()
    threshold = settings.threshold if threshold is None else threshold
    if threshold is None:
        raise ValueError('no threshold to count at. Give one, for example model.threshold')
    area = counted_area(detections.size, detections.um_per_px, bounds, tissue, roi)
    found = detections.of(MITOSIS).where(threshold - _SLIGHTLY_LESS)
    if roi is not None:
        found = found.take(roi.contains(found.points))
    found, below = found.where(threshold), found.take(found.scores < threshold)
    spot = find_hotspot(found.points_um, settings.hotspot_area_mm2, settings.hotspot_aspect, settings.hotspot_shape, found.scores,
                        area.bounds_um, None if area.mask is None else area, settings.min_tissue)
    order = np.argsort(-found.scores, kind='stable')
    if spot is not None:
        order = np.concatenate([order[np.isin(order, spot.indices)], order[~np.isin(order, spot.indices)]])
        spot = Hotspot(**{**vars(spot), 'indices': np.arange(spot.count)})
        grades = tuple(grade(spot.count, spot.area_mm2, rule, None if spot.tissue is None else spot.tissue_mm2) for rule in RULES)
    else:
        grades = tuple(grade(0, area.area_mm2, rule, None if tissue is None else area.area_mm2) for rule in RULES)
    outside = np.ones(len(below), bool) if spot is None else ~spot.contains(below.points_um)
    below = below.take(np.lexsort((-below.scores, outside)))
    size_um = np.array(detections.size) * detections.um_per_px
    return SlideCount(found.take(order), below, float(threshold), area, spot, density_map(found.points_um, size_um), grades)


def hotspot_notes(spot: Hotspot | None) -> list[str]:
    """Caveats of a hotspot, a list of sentences."""
    if spot is None:
        return [NO_FIGURE]
    notes = []
    if spot.search == WHOLE:
        notes.append(f'The window of {spot.asked_mm2:.3g} mm² is larger than the area searched, so the hotspot is all of it, '
                     f'{spot.area_mm2:.3g} mm².')
    elif spot.area_mm2 < 0.999 * spot.asked_mm2:
        notes.append(f'The window of {spot.asked_mm2:.3g} mm² does not fit into the area searched and was cut to {spot.area_mm2:.3g} mm².')
    if spot.search == TOO_LITTLE_TISSUE:
        notes.append(f'No window holds as much tissue as asked for. The densest one is shown; {spot.tissue:.0%} of it is tissue.')
    if spot.search == GRID and spot.most_anywhere > spot.count:
        notes.append(f'The hotspot is the densest window with enough tissue on a grid of {spot.step_um:.3g} µm; with less tissue, one '
                     f'holds {spot.most_anywhere}.')
    if spot.search == EXACT:
        notes.append(IS_EXACT)
    return notes
