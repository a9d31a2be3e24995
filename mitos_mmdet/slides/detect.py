"""``detect``: mitotic figures of a slide of any size, read, found and merged tile by tile."""

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.slides.check_pixel_size import need_um_per_px
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.read_ahead import read_ahead
from mitos_mmdet.slides.second_reading import read_again
from mitos_mmdet.slides.slide import Slide
from mitos_mmdet.slides.slide_stain import slide_stain
from mitos_mmdet.slides.tile_plan import plan_tiles
from mitos_mmdet.slides.wanted_area import WantedArea
from mitos_mmdet.tiling.merging import merge_tiles

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel
    from mitos_mmdet.slides.roi import Roi
    from mitos_mmdet.slides.tissue import TissueMask
    from mitos_mmdet.stain.stain_estimate import StainEstimate

# No two of MIDOG++'s 11,937 mitotic figures are nearer than 26.5 px at 0.23 um/px; 25 px of those (ours).
MERGE_DISTANCE_UM = 5.75
NMS_IOU = 0.5  # MIDOG Cascade R-CNN paper, NMS over tiles
SCORE_FLOOR = 0.05  # Ours: the low end of the precision-recall curve, without what no threshold would keep.


def detect(slide: Slide, model: 'LoadedModel', roi: 'Roi | None' = None, tissue: 'TissueMask | None' = None, batch_size: int | None = None,
           tile_size: int | None = None, overlap: int | None = None, workers: int = 1, stain: 'str | StainEstimate | None' = 'slide',
           score_floor: float = SCORE_FLOOR, progress: Callable[[int, int], None] | None = None,
           second_progress: Callable[[int, int], None] | None = None) -> 'Detections':
    """Finds the mitotic figures of a slide, and the other classes that the model knows.

    Tiles are read at the model's um/px while it works on those before; memory does not grow with the slide. Tile size, batch size and
    workers do not change what is found, beyond what a tile's surroundings mean to the network. Where the model has a second reader, scores
    are the mean of both.

    Args:
        slide: ``Slide``, as ``open_slide`` gives it.
        model: ``LoadedModel``, as ``load_model`` gives it.
        roi: ``Roi``: only detections inside; None: everywhere.
        tissue: ``TissueMask``: only tiles and detections on tissue, with a margin of 32 um; None: everywhere.
        batch_size: Tiles in work at once; None: the engine's choice.
        tile_size, overlap: Px at the model's um/px; None: the model's own.
        workers: Threads that read.
        stain: ``'slide'``: one estimate for the slide, where the model wants stain normalisation. Or a ``StainEstimate``, or None for
            colours as they are, also for the second reader.
        score_floor: What the detector scores less is dropped.
        progress: Called as ``progress(done, total)`` after every tile.
        second_progress: The same for the crops of the second reader.

    Returns:
        Detections: By falling score; ``.where(model.threshold)`` gives what counts.

    Raises:
        SlideError: No um/px, or the file is damaged.
        ValueError: Sizes that cannot be, or another word than ``'slide'`` for the stain.
    """
    if isinstance(stain, str) and stain != 'slide':
        raise ValueError(f"stain={stain!r}: give 'slide', a StainEstimate, or None for colours as scanned")
    need_um_per_px(slide)
    plan = plan_tiles(slide, model.um_per_px, tile_size or model.tile_size, model.overlap if overlap is None else overlap,
                      model.size_divisor)
    area = WantedArea(slide, tissue, roi)
    tiles = plan.tiles[area.tiles(plan.to_level0(plan.tiles))]
    normalise = stain is not None
    if isinstance(stain, str):
        stain, _ = slide_stain(slide, model, tissue) if len(tiles) else (None, None)
    in_flight = batch_size or model.in_flight
    um_per_px = None if plan.scale == (1.0, 1.0) else tuple(own * ratio for own, ratio in zip(slide.um_per_px, plan.scale, strict=True))

    def read(tile):
        return model.prepare(_without_border(slide.read(*plan.region(tile), um_per_px=um_per_px), plan.inside(tile)), stain)

    found = [np.zeros((0, 10))]
    with closing(read_ahead(read, tiles, workers, ahead=in_flight + 2 * workers)) as images:
        for index, (tile, one) in enumerate(zip(tiles, model.stream(images, in_flight, score_floor), strict=True)):
            found.append(_rows(tile, one, score_floor))
            if progress is not None:
                progress(index + 1, len(tiles))
    boxes, scores, labels, origins = np.split(np.concatenate(found), [4, 5, 6], axis=1)
    keep = merge_tiles(boxes, scores, labels.astype(np.int64).ravel(), origins, plan.frame, NMS_IOU, MERGE_DISTANCE_UM / model.um_per_px)
    boxes = plan.to_level0(boxes[keep])
    points = np.clip((boxes[:, :2] + boxes[:, 2:]) / 2, 0, np.subtract(slide.size, 0.5))
    inside = area.points(points)
    detections = Detections(points[inside], scores[keep].ravel()[inside], labels[keep].ravel()[inside], slide.um_per_px, slide.size,
                            boxes[inside], classes=model.classes)
    if model.second_reader is None:
        return detections
    return read_again(slide, detections, model.second_reader, tissue, second_progress, normalise, model.device)


def _without_border(tile, inside):
    """The tile without the px that resampling mixed with the white beyond the slide: their neighbours take their place.

    A single white column raised the bundled model's scores beside it by 0.1.

    Args:
        tile: uint8 ``(H, W, 3)``.
        inside: ``(left, top, right, bottom)`` px of it that come from inside the slide alone.
    """
    height, width = tile.shape[:2]
    left, top, right, bottom = inside
    right, bottom = min(max(right, left + 1), width), min(max(bottom, top + 1), height)
    if (left, top, right, bottom) == (0, 0, width, height):
        return tile
    return np.pad(tile[top:bottom, left:right], ((top, height - bottom), (left, width - right), (0, 0)), mode='edge')


def _rows(tile, found, score_floor):
    """``(n, 10)``: box, score, label and the tile's own box, in px of the grid."""
    kept = found.scores >= score_floor
    count = int(kept.sum())
    return np.concatenate([found.boxes[kept] + np.tile(tile[:2], 2), found.scores[kept, None], found.labels[kept, None],
                           np.tile(tile, (count, 1))], axis=1, dtype=np.float64)
