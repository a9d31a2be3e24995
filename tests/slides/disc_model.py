"""A model and slides for tests of ``detect``: dark discs on a pale ground, found by their darkness, cut where a tile cuts them."""

from types import SimpleNamespace

import cv2
import numpy as np

from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.model_zoo.tile_detections import TileDetections
from mitos_mmdet.slides.slide import Slide

DIAMETER_UM = 9.0


class DiscNetwork:
    """Boxes of dark spots; the score is their area, relative to a whole disc's. Like a detector, it knows nothing beyond its tile."""

    engine, size_divisor, in_flight = 'discs', 32, 2

    def __init__(self, um_per_px):
        self._area_px = np.pi / 4 * (DIAMETER_UM / um_per_px)**2
        self.tiles = 0

    def stream(self, tiles, in_flight=None, score_floor=0.0):
        for tile in tiles:
            self.tiles += 1
            _, _, stats, _ = cv2.connectedComponentsWithStats((tile[..., 0] < 130).astype(np.uint8))
            x, y, width, height, area = stats[1:].astype(np.float32).T
            yield TileDetections(np.stack([x, y, x + width, y + height], axis=1), np.minimum(area / self._area_px, 1) * 0.9,
                                 np.zeros(len(area), np.int64))


def disc_model(um_per_px=0.25, tile_size=256, overlap=64):
    return LoadedModel('discs', ('mitotic figure', 'hard negative'), um_per_px, 0.5, 'f' * 64, tile_size, overlap, 'cpu',
                       DiscNetwork(um_per_px))


class ArraySlide(Slide):
    """A slide of one level in memory."""

    def __init__(self, pixels, um_per_px, bounds=None):
        super().__init__('memory.tif', [pixels.shape[1::-1]], um_per_px, bounds)
        self.pixels = pixels

    def _read_level(self, level, x, y, width, height):
        return self.pixels[y:y + height, x:x + width]


def disc_slide(points_um, size_um, um_per_px=(0.25, 0.25), bounds_um=None):
    """A slide with a disc of 9 um at each of ``points_um`` ``(n, 2)``, drawn with sub-pixel places."""
    size = [round(side / own) for side, own in zip(size_um, um_per_px, strict=True)]
    pixels = np.full((size[1], size[0], 3), 235, np.uint8)
    for point in points_um:
        centre = [int((place / own - 0.5) * 256) for place, own in zip(point, um_per_px, strict=True)]
        axes = [int(DIAMETER_UM / 2 / own * 256) for own in um_per_px]
        cv2.ellipse(pixels, centre, axes, 0, 0, 360, (60, 20, 90), -1, cv2.LINE_AA, 8)
    bounds = bounds_um and tuple(round(value / um_per_px[index % 2]) for index, value in enumerate(bounds_um))
    return ArraySlide(pixels, um_per_px, bounds)


def mask_of(slide, um_per_px, wanted):
    """A tissue mask whose px, of about ``um_per_px``, are ``wanted(x_um, y_um)``."""
    columns, rows = (round(side * own / um_per_px) for side, own in zip(slide.size, slide.um_per_px, strict=True))
    x, y = np.meshgrid((np.arange(columns) + 0.5) * um_per_px, (np.arange(rows) + 0.5) * um_per_px)
    return SimpleNamespace(mask=wanted(x, y), um_per_px=(um_per_px, um_per_px))
