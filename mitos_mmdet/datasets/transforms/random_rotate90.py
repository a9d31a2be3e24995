"""``RandomRotate90``: quarter turns that keep every pixel."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import autocast_box_type
from mmdet.structures.mask import BitmapMasks, PolygonMasks


@TRANSFORMS.register_module()
class RandomRotate90(BaseTransform):
    """Turns an image counterclockwise by one of ``angles``, each as likely, and all its labels with it.

    Nothing is interpolated or padded: pixels are moved, so four turns give the first image again. Sides swap at 90 and 270 degrees.
    Turned are ``img``, ``gt_seg_map``, ``gt_bboxes``, ``gt_masks`` (bitmaps and polygons) and the ``centroid`` of each of ``instances``
    (copies: the dataset keeps its own). ``homography_matrix`` is kept up as by mmdet's transforms. Stands after ``LoadAnnotations``.

    Args:
        angles: Degrees, multiples of 90 (paper: MITOS-RCNN, section IV-A: 90, 180 and 270 beside the image as it is).

    Raises:
        ValueError: An angle that is no multiple of 90, or none.
    """

    def __init__(self, angles: Sequence[int] = (0, 90, 180, 270)):
        if not angles or any(angle % 90 for angle in angles):
            raise ValueError(f'angles={tuple(angles)} of RandomRotate90: give multiples of 90, for example (0, 90, 180, 270)')
        self.angles = tuple(angles)

    @cache_randomness
    def _random_angle(self):
        return int(np.random.choice(self.angles))

    @autocast_box_type()
    def transform(self, results: dict) -> dict:
        """``results`` turned; ``img_shape`` and ``scale_factor`` (width, height) with their sides swapped where they swap."""
        turns = self._random_angle() // 90 % 4
        matrix = _turning(turns, *results['img'].shape[:2])
        for key in ('img', 'gt_seg_map'):
            if results.get(key) is not None:
                results[key] = np.ascontiguousarray(np.rot90(results[key], turns))
        results['img_shape'] = results['img'].shape[:2]
        if turns % 2 and 'scale_factor' in results:
            results['scale_factor'] = tuple(results['scale_factor'][::-1])
        if results.get('gt_bboxes') is not None:
            results['gt_bboxes'].project_(matrix)
        if results.get('gt_masks') is not None:
            results['gt_masks'] = _turn_masks(results['gt_masks'], turns, matrix)
        if results.get('instances') is not None:
            results['instances'] = [
                dict(instance, centroid=_turn_points(instance['centroid'], matrix).tolist()) if 'centroid' in instance else instance
                for instance in results['instances']]
        before = results.get('homography_matrix')
        results['homography_matrix'] = matrix if before is None else matrix @ before
        return results

    def __repr__(self):
        return f'{type(self).__name__}(angles={self.angles})'


def _turning(turns, height, width):
    """Homography ``(3, 3)`` of ``turns`` quarter turns counterclockwise of an image; x and y in px from its top left corner."""
    return np.array([
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 0], [-1, 0, width], [0, 0, 1]],
        [[-1, 0, width], [0, -1, height], [0, 0, 1]],
        [[0, -1, height], [1, 0, 0], [0, 0, 1]],
    ][turns], np.float32)


def _turn_points(points, matrix):
    """Points ``(..., 2)`` xy px turned, float64: a centroid loses none of its digits."""
    return np.asarray(points, np.float64) @ matrix[:2, :2].T + matrix[:2, 2]


def _turn_masks(masks, turns, matrix):
    height, width = (masks.width, masks.height) if turns % 2 else (masks.height, masks.width)
    if isinstance(masks, BitmapMasks):
        return BitmapMasks(np.ascontiguousarray(np.rot90(masks.masks, turns, axes=(1, 2))), height, width)
    turned = [[_turn_points(polygon.reshape(-1, 2), matrix).ravel() for polygon in polygons] for polygons in masks.masks]
    return PolygonMasks(turned, height, width)
