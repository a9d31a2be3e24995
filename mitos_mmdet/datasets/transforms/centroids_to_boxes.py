"""``CentroidsToBoxes``: boxes of a chosen size around the labelled centroids."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mitos_mmdet.core.centroids import centroids_to_boxes, clip_boxes
from mitos_mmdet.core.lengths import Length


@TRANSFORMS.register_module()
class CentroidsToBoxes(BaseTransform):
    """Replaces ``gt_bboxes`` by boxes around the instances' centroids.

    Stands right after ``LoadAnnotations``, before anything that resizes, crops or flips: sizes are those of the original frame. Without
    ``instances`` or ``gt_bboxes`` (inference) it does nothing.

    Args:
        size: Side of the box with its unit, ``'50px'`` or ``'12um'``. Each config says why its size.
        image_size: ``(width, height)`` to which the image is resized later: a ``size`` in px is then one in px of that image, the
            network's own (ours: None, px of the frame).

    Raises:
        ValueError: ``size`` without unit; a size in um for an image without pixel size, or with an ``image_size``; instances without
            centroid.
    """

    def __init__(self, size: str, image_size: Sequence[int] | None = None):
        self.size = Length.parse(size)
        if image_size is not None and self.size.unit != 'px':
            raise ValueError(f'size={self.size} of CentroidsToBoxes has no px of an image of {tuple(image_size)}: give a size in px, or '
                             f'no image_size')
        self.image_size = image_size

    def transform(self, results: dict) -> dict:
        """``results`` with ``gt_bboxes`` ``(N, 4)`` xyxy px, clipped at the image's border."""
        instances = results.get('instances')
        if instances is None or 'gt_bboxes' not in results:
            return results
        file = results.get('img_path', 'the image')
        height, width = results['img_shape']
        if (height, width) != tuple(results['ori_shape']):
            raise ValueError(f'{file}: CentroidsToBoxes stands after a transform that changed the image. Put it right after '
                             f'LoadAnnotations in the pipeline')
        if any('centroid' not in instance for instance in instances):
            raise ValueError(f'{file}: its instances carry no centroid. Use type="MitosisDataset" for the dataset')
        centroids = np.array([instance['centroid'] for instance in instances], np.float32)
        sides = self.size.to_px(results.get('um_per_px'), file)
        if self.image_size is not None:
            sides = sides[0] * width / self.image_size[0], sides[1] * height / self.image_size[1]
        boxes = clip_boxes(centroids_to_boxes(centroids, sides), width, height)
        results['gt_bboxes'] = HorizontalBoxes(boxes, dtype=results['gt_bboxes'].tensor.dtype)
        return results

    def __repr__(self):
        return f"{type(self).__name__}(size='{self.size}', image_size={self.image_size})"
