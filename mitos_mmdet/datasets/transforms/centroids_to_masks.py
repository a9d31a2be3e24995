"""``CentroidsToMasks``: masks drawn around the labelled centroids, or the outlines that a label has."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import PolygonMasks

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.core.masks import SHAPES, draw_shape, polygons_to_boxes, stable_generator
from mitos_mmdet.core.polygons import clip_polygon

_SOURCES, _RESAMPLES = ('drawn', 'outlines'), ('never', 'epoch')


@TRANSFORMS.register_module()
class CentroidsToMasks(BaseTransform):
    """Gives each instance a mask around its centroid, and the box that fits it.

    Stands where ``CentroidsToBoxes`` would: right after ``LoadAnnotations(with_bbox=True)``, before anything that resizes, crops or flips.
    Without ``instances`` or ``gt_bboxes`` (inference) it does nothing.

    Masks are ``PolygonMasks``: a mask takes 640 bytes whatever the frame's size, and flips, crops and resizes exactly. What wants bitmaps
    (``CopyPaste``, ``Albu``, ``Expand``) finds them by ``results['gt_masks'].to_bitmap()``.

    A mitotic figure has one mask: drawn from the seed, its frame's file name and its centroid in the frame, so that epochs, workers and
    overlapping tiles agree.

    Args:
        shape: ``'circle'``, ``'ellipse'`` or ``'random'``, either with equal chance (paper: Mask R-CNN on TUPAC16, section 3.3, "in the
            form of a circle or ellipse").
        radius: ``(least, most)`` of a circle with their unit (paper: 10 to 16 px).
        half_axes: ``(least, most)`` of an ellipse (paper: 5 to 13 px; that these are half-axes, drawn one by one, is our reading).
        angles: Degrees of the direction of an ellipse's first axis, from the x axis towards the top (paper: 60 and 90).
        source: ``'drawn'``, or ``'outlines'``: the label's own polygons where it has any (ICPR 2012), else drawn (ours).
        resample: ``'never'``, or ``'epoch'``: another draw each time that an image is loaded, which is once an epoch, by numpy's global
            generator; mmengine seeds it in each worker, so the same seed and number of workers give the same run (ours).
        seed: Of the draws that do not change (ours).

    Raises:
        ValueError: A size without unit, two units in one range, an unknown word; later: a size in um for an image without pixel size,
            instances without centroid, an outline that is no list of polygons.
    """

    def __init__(self, shape: str = 'random', radius: Sequence[str] = ('10px', '16px'), half_axes: Sequence[str] = ('5px', '13px'),
                 angles: Sequence[float] = (60, 90), source: str = 'drawn', resample: str = 'never', seed: int = 0):
        for name, value, known in (('shape', shape, SHAPES), ('source', source, _SOURCES), ('resample', resample, _RESAMPLES)):
            if value not in known:
                raise ValueError(f"unknown {name} {value!r}: one of {', '.join(known)}")
        self.shape = shape
        self.radius = _range('radius', radius)
        self.half_axes = _range('half_axes', half_axes)
        if self.radius[0].unit != self.half_axes[0].unit:
            raise ValueError(f'radius={radius} and half_axes={half_axes} have two units: give both in px or both in um')
        if not len(angles):
            raise ValueError('angles=() leaves no direction for an ellipse: give degrees, for example (60, 90)')
        self.angles = tuple(angles)
        self.source = source
        self.resample = resample
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """``results`` with ``gt_masks`` (``PolygonMasks``, N, clipped at the image's border) and ``gt_bboxes`` ``(N, 4)`` xyxy px."""
        if results.get('instances') is None or 'gt_bboxes' not in results:
            return results
        file = results.get('img_path', 'the image')
        height, width = results['img_shape']
        if (height, width) != tuple(results['ori_shape']):
            raise ValueError(f'{file}: CentroidsToMasks stands after a transform that changed the image. Put it right after '
                             f'LoadAnnotations in the pipeline')
        masks = [self._polygons(instance, results, file) for instance in results['instances']]
        results['gt_masks'] = PolygonMasks([[polygon.ravel() for polygon in polygons] for polygons in masks], height, width)
        results['gt_bboxes'] = HorizontalBoxes(polygons_to_boxes(masks), dtype=results['gt_bboxes'].tensor.dtype)
        return results

    def _polygons(self, instance, results, file):
        """An instance's polygons ``(V, 2)`` px, one at least."""
        outline = instance.get('mask') if self.source == 'outlines' else None
        if isinstance(outline, dict):
            raise ValueError(f'{file}: a segmentation is a run-length mask: write polygons')
        return _clipped(outline or [], results) or _clipped([self._drawn(instance, results, file)], results)

    def _drawn(self, instance, results, file):
        if 'centroid' not in instance:
            raise ValueError(f'{file}: its instances carry no centroid. Use type="MitosisDataset" for the dataset')
        centroid = np.array(instance['centroid'], dtype=np.float64)
        radius, half_axes = ([size.value for size in sizes] for sizes in (self.radius, self.half_axes))
        polygon = draw_shape(self.shape, self._generator(centroid, results), radius, half_axes, self.angles)
        # Drawn in the sizes' own unit, as px need not be square.
        return centroid + polygon * Length(1.0, self.radius[0].unit).to_px(results.get('um_per_px'), file)

    def _generator(self, centroid, results):
        if self.resample == 'epoch':
            return np.random.default_rng(np.random.randint(2 ** 32, dtype=np.uint64))
        # The file name alone: a frame's tiles know its path from another folder than the frame itself does.
        name = PurePosixPath(results.get('frame') or results.get('img_path', '')).name
        return stable_generator(self.seed, name, centroid + results.get('offset', (0, 0)))

    def __repr__(self):
        radius, half_axes = (tuple(map(str, sizes)) for sizes in (self.radius, self.half_axes))
        return (f"{type(self).__name__}(shape='{self.shape}', radius={radius}, half_axes={half_axes}, angles={self.angles}, "
                f"source='{self.source}', resample='{self.resample}', seed={self.seed})")


def _clipped(polygons, results):
    """What lies in the image of polygons, each ``(V, 2)`` or flat; those outside go."""
    height, width = results['img_shape']
    return [part for polygon in polygons
            for part in clip_polygon(np.array(polygon, dtype=np.float64).reshape(-1, 2), (0, 0, width, height))]


def _range(name, sizes):
    """``(least, most)`` as two ``Length`` s of one unit."""
    if isinstance(sizes, str) or len(sizes) != 2:
        raise ValueError(f"{name}={sizes!r} is no range: give the least and the most, for example ('10px', '16px')")
    least, most = map(Length.parse, sizes)
    if least.unit != most.unit or least.value > most.value:
        raise ValueError(f"{name}={tuple(sizes)}: give the least and the most in one unit, for example ('10px', '16px')")
    return least, most
