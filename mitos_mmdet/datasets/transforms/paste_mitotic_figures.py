"""``PasteMitoticFigures``: mitotic figures of other slides, pasted into tissue in its own stain."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.datasets.coco_format import MITOSIS, read_annotations
from mitos_mmdet.datasets.crops import affine_to_crop, cut
from mitos_mmdet.datasets.frame_stain import happens
from mitos_mmdet.datasets.usable_labels import point_of
from mitos_mmdet.stain import StainEstimate
from mitos_mmdet.stain.transfer import apply_map, transfer_map

_TRIES = 20  # ours: places drawn for a mitotic figure before it is given up
_LOOK_PX = 12  # ours: so far around a place its brightness is looked at


@TRANSFORMS.register_module()
class PasteMitoticFigures(BaseTransform):
    """Copies figures of AMi-Br, or of patches like its, onto training crops (ours, after Ghiasi et al., Simple copy-paste, 2021).

    The patch is scaled to the crop's pixel size, turned, given the crop's stain (``stain`` of both), and blended by a round mask with a
    soft edge. Figures go onto tissue, away from the labels there.
    Stands right after ``CropDataset``'s crop, before colours change.

    Args:
        ann_file: Annotation file of the patches, with ``stain`` (``mitos measure-stains --by case``) and ``um_per_px``.
        data_root: Folder of the patches.
        prob: Share of the crops that get figures (ours: 0.5).
        most: Figures pasted onto a crop, at most (ours: 3).
        radius_um: Of the mask, where it has fallen to a half (ours: 5, the figure with a thin rim).
        soft_um: Width of the mask's edge (ours: 1.5).
        box_size_um: Side of the new boxes (MIDOG's labels: 50 px at about 0.23 um/px).
        distance_um: Between centroids, at least (ours: 10).
        brightest: Mean grey level of tissue, at most (ours: 215).
        label: Class number of the new boxes (0, the mitotic figure, in every dataset here).

    Raises:
        ValueError: Patches without ``stain`` or ``um_per_px``, or none with a mitotic figure; later: a crop without ``um_per_px``.
    """

    def __init__(self, ann_file: str, data_root: str, prob: float = 0.5, most: int = 3, radius_um: float = 5.0, soft_um: float = 1.5,
                 box_size_um: float = 11.4, distance_um: float = 10.0, brightest: float = 215, label: int = 0):
        self.ann_file, self.data_root = ann_file, data_root
        self.prob, self.most = prob, most
        self.radius_um, self.soft_um, self.box_size_um, self.distance_um = radius_um, soft_um, box_size_um, distance_um
        self.brightest, self.label = brightest, label
        self._patches = list(_patches(ann_file, data_root))
        if not self._patches:
            raise ValueError(f'{ann_file}: none of its patches has both a mitotic figure and a stain. Give others')

    def transform(self, results: dict) -> dict:
        """``results`` with figures in ``img`` uint8 BGR and their boxes and labels."""
        record = results.get('stain')
        if not record or 'reason' in record or not happens(self.prob):
            return results
        own = check_um_per_px(results.get('um_per_px'), results.get('img_path', 'the image'), needed_for='pasting mitotic figures')
        side, um_per_px = np.array(results['img'].shape[1::-1]), float(np.mean(own))
        boxes = results['gt_bboxes'].tensor.numpy()
        centers = [*((boxes[:, :2] + boxes[:, 2:]) / 2)]
        results['img'] = image = results['img'].copy()
        pasted, half = [], self.box_size_um / um_per_px / 2
        for _ in range(np.random.randint(1, self.most + 1)):
            place = self._place(image, centers, side, half, self.distance_um / um_per_px)
            if place is not None:
                self._paste(image, place, um_per_px, StainEstimate.from_dict(record))
                centers.append(place)
                pasted.append([*(place - half), *(place + half)])
        if pasted:
            results['gt_bboxes'] = HorizontalBoxes(np.concatenate([boxes, np.array(pasted)]).astype(np.float32))
            results['gt_bboxes_labels'] = np.append(results['gt_bboxes_labels'], [self.label] * len(pasted))
            results['gt_ignore_flags'] = np.append(results['gt_ignore_flags'], [False] * len(pasted))
        return results

    def _place(self, image, centers, side, half, distance):
        """The middle ``(x, y)`` of a pixel on tissue, a box inside the crop and away from ``centers``; None where none was found."""
        for _ in range(_TRIES if (side > 2 * half + 2).all() else 0):
            place = np.floor(np.random.uniform(half + 1, side - half - 1)) + 0.5
            (x1, y1), (x2, y2) = np.maximum(place.astype(int) - _LOOK_PX, 0), place.astype(int) + _LOOK_PX + 1
            if all(np.hypot(*(place - other)) >= distance for other in centers) and image[y1:y2, x1:x2].mean() <= self.brightest:
                return place
        return None

    def _paste(self, image, place, um_per_px, target):
        pixels, source, patch_um, center = self._patches[np.random.randint(len(self._patches))]
        reach = int(np.ceil((self.radius_um + self.soft_um) / um_per_px))
        size = 2 * reach + 1
        matrix = affine_to_crop(center, size, np.random.uniform(0, 360), patch_um / um_per_px, flip=np.random.rand() < 0.5)
        figure = apply_map(cut(pixels, matrix, size), transfer_map(source, target))[..., ::-1]
        distance = np.hypot(*np.mgrid[-reach:reach + 1, -reach:reach + 1]) * um_per_px
        mask = 1 / (1 + np.exp(4 * (distance - self.radius_um) / self.soft_um))[..., None]
        low = place.astype(int) - reach
        x1, y1 = np.maximum(low, 0)
        x2, y2 = np.minimum(low + size, image.shape[1::-1])
        own = (slice(y1 - low[1], y2 - low[1]), slice(x1 - low[0], x2 - low[0]))
        image[y1:y2, x1:x2] = (mask[own] * figure[own] + (1 - mask[own]) * image[y1:y2, x1:x2] + 0.5).astype(np.uint8)

    def __repr__(self):
        return f"{type(self).__name__}(ann_file='{self.ann_file}', prob={self.prob}, most={self.most}, radius_um={self.radius_um})"


def _patches(ann_file, data_root):
    """``(pixels, stain, um_per_px, centroid)`` of each patch's figure nearest to its middle; patches without a stain are left out."""
    content = read_annotations(ann_file)
    labels = {}
    mitosis = [category['id'] for category in content['categories'] if category['name'] == MITOSIS]
    for annotation in content['annotations']:
        if annotation['category_id'] in mitosis:
            labels.setdefault(annotation['image_id'], []).append(point_of(annotation)[:2])
    for image in content['images']:
        if not image.get('um_per_px') or not image.get('stain'):
            raise ValueError(f"{ann_file}: {image['file_name']} has no um_per_px or no stain. Convert it by mitos convert and "
                             f'measure it by mitos measure-stains --by case')
        if 'reason' in image['stain'] or image['id'] not in labels:
            continue
        middle = np.array([image['width'], image['height']]) / 2
        center = min(labels[image['id']], key=lambda point, middle=middle: np.hypot(*(np.array(point) - middle)))
        pixels = read_rgb(f"{data_root}/{image['file_name']}")
        yield pixels, StainEstimate.from_dict(image['stain']), float(np.mean(image['um_per_px'])), center
