"""Where tissue lies on a slide: by the colours of a thumbnail."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
import shapely

from mitos_mmdet.slides.he_colours import he_like

if TYPE_CHECKING:
    from mitos_mmdet.slides.slide import Slide

_LEAST_SIDE, _MOST_SIDE = 512, 6000  # px of a thumbnail's longer side, ours
_CLOSE_UM = 48.0  # Ours: gaps narrower than this are closed.
_HOLE_MM2 = 0.05  # Ours: smaller holes (vessels, fat, tears) are filled.
_SPECK_MM2 = 0.01  # Ours: smaller islands (dust, loose cells) are dropped.
_NO_SIZE_UM = 0.25  # Taken where a slide has no um/px, so that distances have some meaning.


@dataclass(frozen=True)
class TissueMask:
    """Tissue of a slide.

    Attributes:
        mask: bool ``(h, w)``.
        um_per_px: ``(x, y)`` um per pixel of the mask; None where the slide has no um/px.
        size: ``(width, height)`` of the slide in px of level 0.
    """

    mask: np.ndarray
    um_per_px: tuple | None
    size: tuple

    @property
    def scale(self) -> tuple:
        """Px of level 0 per pixel of the mask, ``(x, y)``."""
        return self.size[0] / self.mask.shape[1], self.size[1] / self.mask.shape[0]

    @property
    def share(self) -> float:
        """Share of the slide that is tissue."""
        return float(self.mask.mean())

    @property
    def area_mm2(self) -> float | None:
        """Area of the tissue, None where the slide has no um/px."""
        return None if self.um_per_px is None else float(self.mask.sum()) * self.um_per_px[0] * self.um_per_px[1] / 1e6

    def covers(self, xyxy: Sequence[float]) -> float:
        """Share of a rectangle (px of level 0) that is tissue, by the mask's pixels it touches; 0 outside the slide."""
        height, width = self.mask.shape
        x1, y1, x2, y2 = (value / scale for value, scale in zip(xyxy, self.scale * 2, strict=True))
        left, top = max(0, int(np.floor(x1))), max(0, int(np.floor(y1)))
        right, bottom = min(width, int(np.ceil(x2))), min(height, int(np.ceil(y2)))
        if left >= right or top >= bottom:
            return 0.0
        return float(self.mask[top:bottom, left:right].mean())

    def polygons(self) -> list:
        """Outlines with their holes, a list of shapely ``Polygon`` in px of level 0."""
        return list(self._polygons)

    @cached_property
    def _polygons(self):
        framed = np.pad(self.mask.astype(np.uint8), 1)
        # OpenCV's outlines run through the centres of border pixels. With each pixel doubled, these lie a quarter pixel inside.
        doubled = np.repeat(np.repeat(framed, 2, axis=0), 2, axis=1)
        contours, tree = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        if tree is None:
            return []
        rings = [(contour[:, 0].astype(np.float64) + 0.5) / 2 - 1 for contour in contours]
        made = []
        for index, (_, _, child, parent) in enumerate(tree[0]):
            if parent >= 0 or len(rings[index]) < 3:
                continue
            holes = []
            while child >= 0:
                if len(rings[child]) >= 3:
                    holes.append(rings[child])
                child = tree[0][child][0]
            polygon = shapely.make_valid(shapely.Polygon(rings[index], holes)).buffer(0.25, join_style='mitre').simplify(0.25)
            polygon = shapely.transform(polygon, lambda points: points * self.scale)
            made += [part for part in getattr(polygon, 'geoms', [polygon]) if isinstance(part, shapely.Polygon) and part.area > 0]
        return made


def tissue_mask(slide: 'Slide', um_per_px: float = 8.0) -> 'TissueMask':
    """Finds the tissue: pink to violet areas; glass, pen marks, dark borders and unscanned areas are out.

    Small holes are filled, specks are removed. A slide without um/px is measured as if it had 0.25.

    Args:
        slide: A ``Slide``.
        um_per_px: Resolution of the mask; finer for small images (512 px along the longer side), coarser beyond 6000 px.

    Returns:
        TissueMask
    """
    own = slide.um_per_px or (_NO_SIZE_UM, _NO_SIZE_UM)
    side = max(size * side / um_per_px for size, side in zip(slide.size, own, strict=True))
    thumbnail = slide.thumbnail(int(np.clip(round(side), _LEAST_SIDE, _MOST_SIDE)))
    height, width = thumbnail.shape[:2]
    sides = slide.size[0] * own[0] / width, slide.size[1] * own[1] / height
    like, _ = he_like(cv2.medianBlur(thumbnail, 3) if min(width, height) > 3 else thumbnail)
    mask = _tidied(like, sides)
    return TissueMask(mask, None if slide.um_per_px is None else sides, slide.size)


def _tidied(mask, sides):
    """Gaps closed, holes filled, specks dropped; ``sides`` um per pixel."""
    mask, cell_mm2 = mask.astype(np.uint8), sides[0] * sides[1] / 1e6
    radius = _CLOSE_UM / sum(sides)
    framed = np.pad(mask, int(radius) + 2)  # so that closing does not fill up to the image's border
    closed = _reach(_reach(framed, radius) ^ 1, radius) ^ 1
    mask = closed[int(radius) + 2:-int(radius) - 2, int(radius) + 2:-int(radius) - 2]
    mask = _without_small(mask, _SPECK_MM2 / cell_mm2)
    return ~_without_small(1 - mask, _HOLE_MM2 / cell_mm2).astype(bool)


def _reach(mask, radius):
    """uint8 mask of what lies within ``radius`` px of a mask; in time that does not grow with the radius."""
    if not mask.any():
        return mask
    return (cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= radius).astype(np.uint8)


def _without_small(mask, least):
    """uint8 mask without its connected parts of fewer px, except where all are so small (a tiny image)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= min(least, 0.01 * mask.size)
    keep[0] = False
    return keep[labels].astype(np.uint8) if count > 1 else mask
