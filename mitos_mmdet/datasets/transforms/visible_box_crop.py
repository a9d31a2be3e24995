"""``VisibleBoxCrop``: random crops in which every box stays visible by a share of its area."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import autocast_box_type


@TRANSFORMS.register_module()
class VisibleBoxCrop(BaseTransform):
    """Crops an image so that no box is cut to less than ``min_visible`` of its area: it is seen by that much, or not touched at all.

    The other reading of "random cropping (with minimum of 0.3 IoU of cropped patches)" (Cascade R-CNN on MIDOG, 2021): mmdet's
    ``MinIoURandomCrop`` compares a box with the whole crop, which a box of 50 px never fills to 0.3. Boxes, labels and masks of objects
    outside the crop go; the others are clipped. An image with objects keeps one at least.

    Args:
        min_visible: Least share of a box's area inside the crop (paper: 0.3, in this reading).
        min_crop_size: Least side of a crop as a share of the image's (ours: 0.3, mmdet's).
        prob: Share of the images that are cropped (ours: 0.5, as with ``MinIoURandomCrop``).
        attempts: Crops tried before the image stays whole (ours).

    Raises:
        ValueError: A share that is not in (0, 1].
    """

    def __init__(self, min_visible: float = 0.3, min_crop_size: float = 0.3, prob: float = 0.5, attempts: int = 50):
        for name, share in (('min_visible', min_visible), ('min_crop_size', min_crop_size)):
            if not 0 < share <= 1:
                raise ValueError(f'{name}={share} of VisibleBoxCrop: must be above 0 and at most 1')
        self.min_visible = min_visible
        self.min_crop_size = min_crop_size
        self.prob = prob
        self.attempts = attempts

    @cache_randomness
    def _random_crop(self, boxes, height, width):
        """``(x1, y1, x2, y2)`` px and the boxes' visible shares ``(N,)`` in it, or None."""
        if np.random.random() >= self.prob:
            return None
        for _ in range(self.attempts):
            sides = np.array([width, height]) * np.random.uniform(self.min_crop_size, 1, 2)
            if not 0.5 <= sides[0] / sides[1] <= 2:
                continue
            low = np.floor((np.array([width, height]) - sides) * np.random.random(2))
            crop = np.concatenate([low, np.floor(low + sides)]).astype(int)
            inside = np.clip(np.minimum(boxes[:, 2:], crop[2:]) - np.maximum(boxes[:, :2], crop[:2]), 0, None).prod(axis=1)
            visible = inside / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
            touched = visible > 0
            if not len(boxes) or touched.any() and visible[touched].min() >= self.min_visible:
                return crop, visible
        return None

    @autocast_box_type()
    def transform(self, results: dict) -> dict:
        """``results`` cropped: ``img``, ``img_shape``, ``gt_bboxes``, ``gt_bboxes_labels``, ``gt_ignore_flags`` and ``gt_masks``."""
        height, width = results['img'].shape[:2]
        found = self._random_crop(results['gt_bboxes'].tensor.numpy(), height, width)
        if found is None:
            return results
        (x1, y1, x2, y2), visible = found
        kept = visible > 0
        results['img'] = np.ascontiguousarray(results['img'][y1:y2, x1:x2])
        results['img_shape'] = results['img'].shape[:2]
        boxes = results['gt_bboxes'][kept]
        boxes.translate_([-x1, -y1])
        boxes.clip_([y2 - y1, x2 - x1])
        results['gt_bboxes'] = boxes
        for key in ('gt_bboxes_labels', 'gt_ignore_flags'):
            if results.get(key) is not None:
                results[key] = results[key][kept]
        if results.get('gt_masks') is not None:
            results['gt_masks'] = results['gt_masks'][np.flatnonzero(kept)].crop(np.array([x1, y1, x2, y2]))
        return results

    def __repr__(self):
        return (f'{type(self).__name__}(min_visible={self.min_visible}, min_crop_size={self.min_crop_size}, prob={self.prob}, '
                f'attempts={self.attempts})')
