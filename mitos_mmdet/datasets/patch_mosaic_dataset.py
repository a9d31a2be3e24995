"""``PatchMosaicDataset``: training crops tiled from small patches of one slide, such as AMi-Br's 128 px around mitotic figures."""

from typing import Any

import numpy as np
from mmdet.registry import DATASETS

from mitos_mmdet.datasets.crop_dataset import CropDataset
from mitos_mmdet.datasets.crops import affine_to_crop, crop_results, cut, inside, to_crop
from mitos_mmdet.datasets.frame_stain import stain_record

_BLACK, _MOST_BLACK = 5, 0.01  # ours: grey levels, share of a patch: beyond the slide's region patches are black
_SHOWN = 0.8  # ours: share of a patch's side in the mosaic, cut out anywhere, so that figures form no grid
_VISIBLE_PX = 8  # ours: a centroid must be so far from the visible part's border to be a label


@DATASETS.register_module()
class PatchMosaicDataset(CropDataset):
    """Mosaics: patches of one slide side by side, at a random offset, so that a mitotic figure may lie anywhere in a crop.

    Every patch is turned by quarters, mirrored and scaled to ``um_per_px`` times a random factor; a mitotic figure whose centroid is cut
    away is no label. Slides are drawn by the root of their number of patches. A slide's stain is measured over all its patches.

    Args:
        um_per_px: Pixel size of the mosaics: that of the frames trained with (ours: 0.2274, MITOS-ATYPIA-14's Hamamatsu frames).
        *args, **kwargs: ``CropDataset``'s, with its errors; ``shares`` and ``jitter`` have no effect.

    Raises:
        ValueError: A patch without ``um_per_px`` or ``case_id``, or only patches that are padded with black.
    """

    def __init__(self, *args: Any, um_per_px: float = 0.2274, **kwargs: Any):
        self.um_per_px = um_per_px
        super().__init__(*args, **kwargs)

    def full_init(self) -> None:
        """Reads patches, drops those padded with black, and measures each slide's stain."""
        if self._fully_initialized:
            return
        super().full_init()
        slides = {}
        for frame in self._frames:
            lacking = next((key for key in ('um_per_px', 'case_id') if not frame.info.get(key)), None)
            if lacking:
                raise ValueError(f"{frame.info['img_path']}: has no {lacking} in {self.ann_file}. Convert the patches again")
            if (frame.pixels.max(axis=2) <= _BLACK).mean() <= _MOST_BLACK:
                slides.setdefault(frame.info['case_id'], []).append(frame)
        if not slides:
            raise ValueError(f'{self.ann_file}: all its {len(self._frames)} patches are padded with black. Give others')
        self._slides = []
        for patches in slides.values():
            pixels = np.concatenate([patch.pixels.reshape(1, -1, 3) for patch in patches], axis=1)
            stain = patches[0].info.get('stain') or stain_record(pixels, 'macenko')
            self._slides.append([patch._replace(info=dict(patch.info, stain=stain)) for patch in patches])
        weights = np.sqrt([len(patches) for patches in self._slides])
        self._weights = weights / weights.sum()

    def prepare_data(self, idx: int) -> dict | None:
        """The pipeline's result for a new mosaic; ``idx`` says which of a slide's patches come in it where it has more than fit."""
        patches = self._slides[np.random.choice(len(self._slides), p=self._weights)]
        first = patches[0].info
        factor = np.mean(first['um_per_px']) / self.um_per_px * np.exp(np.random.uniform(*np.log(self.scales)))
        size = self.crop_size
        cell = int(np.floor(min(patches[0].pixels.shape[:2]) * factor * _SHOWN))
        crop, visible = np.empty((size, size, 3), np.uint8), []
        starts = [np.arange(-np.random.randint(cell), size, cell) for _ in range(2)]
        order = np.random.permutation(len(starts[0]) * len(starts[1])) % len(patches)
        for number, (y, x) in zip(order, ((y, x) for y in starts[1] for x in starts[0]), strict=True):
            visible.append(self._place(patches[(number + idx) % len(patches)], factor, cell, (x, y), crop))
        box_px = float(np.mean(self.box_size.to_px((self.um_per_px, ) * 2, first['img_path'])))
        scale = factor * self.um_per_px / np.mean(first['um_per_px'])
        info = dict(first, um_per_px=[self.um_per_px / scale] * 2)
        points, labels, ignored = (np.concatenate(values) for values in zip(*visible, strict=True))
        return self.pipeline(crop_results(crop, points, labels, ignored, box_px * scale, **info))

    def _stain(self, pixels):
        return {}  # too small to measure; full_init measures whole slides

    def _place(self, patch, factor, cell, corner, crop):
        """Draws a patch into the mosaic at ``corner``; gives points, labels and ignored flags of what stays visible."""
        sides = np.array(patch.pixels.shape[1::-1])
        middle = sides / 2 + np.random.uniform(-0.5, 0.5, 2) * (1 - _SHOWN) * sides
        matrix = affine_to_crop(middle, cell, 90 * np.random.randint(4), factor, flip=np.random.rand() < 0.5)
        corner = np.array(corner)
        low, high = np.maximum(corner, 0), np.minimum(corner + cell, len(crop))
        drawn = cut(patch.pixels, matrix, cell)
        crop[low[1]:high[1], low[0]:high[0]] = drawn[low[1] - corner[1]:high[1] - corner[1], low[0] - corner[0]:high[0] - corner[0]]
        moved = to_crop(patch.points, matrix) + corner
        keep = inside(moved, low, high, _VISIBLE_PX) & ~np.isin(patch.labels, self._unboxed)
        return moved[keep], patch.labels[keep], patch.ignored[keep]

