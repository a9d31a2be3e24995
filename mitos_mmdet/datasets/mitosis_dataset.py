"""``MitosisDataset``: CocoDataset with centroids, pixel sizes and cases."""

import logging
import os.path as osp

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mitos_mmdet.core.centroids import boxes_to_centroids, centroids_inside, clip_boxes
from mitos_mmdet.core.images import BrokenImageError
from mitos_mmdet.datasets.coco_format import CLASSES, check_coco, read_annotations

FRAME_KEYS = ('um_per_px', 'scanner', 'case_id', 'domain', 'labelled', 'frame', 'offset', 'stain')
_MOST_NAMED = 5  # annotations in one line of the log


@DATASETS.register_module()
class MitosisDataset(CocoDataset):
    """Frames or tiles with mitotic figures, from the annotation file of ``mitos_mmdet.datasets.coco_format``.

    Beyond CocoDataset each data info carries ``um_per_px``, ``scanner``, ``case_id`` and ``domain``, and each instance its
    ``centroid`` ``[x, y]`` px. Boxes over the border are clipped; objects outside are left out, which the log says. Images that
    nobody labelled are left out: they are not negatives. Labels go by the classes' names, in the order of ``metainfo['classes']``
    (CocoDataset takes the order of the ids in the file).

    Args:
        keep_negatives: Keep training images that hold no object of ``classes`` (ours; an evaluation always keeps them).
        strict: An unreadable image raises. Else training draws another one, and an evaluation gets a blank one whose metainfo
            names the reason under ``broken``, so that the metric can leave it out, count it and list it (ours).

    Raises:
        ValueError: An entry of the annotation file that lacks something; a class that it does not have; no image left; not one of
            the images is there.
    """

    METAINFO = {'classes': CLASSES, 'palette': [(0, 160, 80), (230, 120, 0)]}

    def __init__(self, *args, keep_negatives=True, strict=False, **kwargs):
        self.keep_negatives = keep_negatives
        self.strict = strict
        self._reported = set()
        super().__init__(*args, **kwargs)

    def load_data_list(self):
        """The images that were labelled, as mmdet data infos."""
        content = read_annotations(self.ann_file)
        check_coco(content, self.ann_file)
        ids = {category['name']: category['id'] for category in content['categories']}
        unknown = [name for name in self.metainfo['classes'] if name not in ids]
        if unknown:
            raise ValueError(f"{self.ann_file}: has no class {', '.join(map(repr, unknown))}, only {', '.join(map(repr, ids))}. "
                             f"Set metainfo=dict(classes=(...,)) of the dataset to names of the file (one name needs its comma)")
        self._label_of = {ids[name]: label for label, name in enumerate(self.metainfo['classes'])}
        images = {image['id'] for image in content['images']}
        self._report('of an image or category that the file does not list', [
            f"annotation {annotation['id']}" for annotation in content['annotations']
            if annotation['image_id'] not in images or annotation['category_id'] not in ids.values()])
        self._outside = []
        infos = [info for info in super().load_data_list() if info['labelled']]
        self._report('outside their image, or with less than 1 px of box in it', self._outside)
        if not infos:
            raise ValueError(f'{self.ann_file}: holds no labelled image. Convert or tile the dataset again')
        if not any(osp.isfile(info['img_path']) for info in infos):
            raise ValueError(f"{infos[0]['img_path']}: no such image, nor any other of {self.ann_file}. Set data_root (or "
                             f"data_prefix) to where the images are")
        return infos

    def parse_data_info(self, raw_data_info):
        """One image's data info; annotations of other classes are left out."""
        image = raw_data_info['raw_img_info']
        # CocoDataset drops degenerate annotations without a word; they are taken out here, so that centroids stay in step.
        wanted = [annotation for annotation in raw_data_info['raw_ann_info']
                  if annotation['category_id'] in self._label_of and not annotation.get('ignore')]
        clipped = [self._clipped(annotation, image) for annotation in wanted]
        annotations = [annotation for annotation in clipped if annotation is not None]
        if image.get('labelled', True):
            self._outside += [f"{image['file_name']} annotation {annotation['id']}"
                              for annotation, inside in zip(wanted, clipped, strict=True) if inside is None]
        info = super().parse_data_info(dict(raw_img_info=image, raw_ann_info=annotations))
        for instance, annotation in zip(info['instances'], annotations, strict=True):
            instance['bbox_label'] = self._label_of[annotation['category_id']]
            instance['centroid'] = annotation['centroid']
        info.update({key: image[key] for key in FRAME_KEYS if key in image})
        info['labelled'] = image.get('labelled', True)
        return info

    def filter_data(self):
        """Training images without objects stay or go by ``keep_negatives``; the rest is CocoDataset's."""
        infos = super().filter_data()
        if not self.test_mode and not self.keep_negatives:
            infos = [info for info in infos if info['instances']]
            if not infos:
                raise ValueError(f"{self.ann_file}: no image holds one of {self.metainfo['classes']}. Set keep_negatives=True or "
                                 f'choose other classes')
        return infos

    def prepare_data(self, idx):
        """The pipeline's result; an unreadable image as ``strict`` says."""
        try:
            return super().prepare_data(idx)
        except BrokenImageError as error:
            if self.strict:
                raise
            if idx not in self._reported:
                self._reported.add(idx)
                print_log(f'skipped: {error}', logger='current', level=logging.WARNING)
            if not self.test_mode:
                return None
            return self.pipeline(dict(self.get_data_info(idx), broken=str(error)))

    def _report(self, which, names):
        if names:
            more = f' and {len(names) - _MOST_NAMED} more' if len(names) > _MOST_NAMED else ''
            print_log(f"{self.ann_file}: left out {len(names)} annotations {which}: {', '.join(names[:_MOST_NAMED])}{more}",
                      logger='current', level=logging.WARNING)

    @staticmethod
    def _clipped(annotation, image):
        x, y, width, height = annotation['bbox']
        centroid = annotation.get('centroid') or boxes_to_centroids([[x, y, x + width, y + height]])[0].tolist()
        x1, y1, x2, y2 = clip_boxes([[x, y, x + width, y + height]], image['width'], image['height'])[0].tolist()
        if not centroids_inside(centroid, image['width'], image['height']).all() or min(x2 - x1, y2 - y1) < 1:
            return None
        return dict(annotation, bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1), centroid=centroid)
