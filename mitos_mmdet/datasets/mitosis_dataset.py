"""``MitosisDataset``: CocoDataset with centroids, pixel sizes and cases."""

import logging
import os.path as osp
from typing import Any

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mitos_mmdet.core.images import BrokenImageError
from mitos_mmdet.core.names import as_spelled_there
from mitos_mmdet.datasets.coco_format import CLASSES, HARD_NEGATIVE, check_entries, image_fault, read_annotations, reference_fault
from mitos_mmdet.datasets.usable_labels import labels_by_image, usable_labels

FRAME_KEYS = ('um_per_px', 'scanner', 'case_id', 'domain', 'labelled', 'frame', 'offset', 'stain')
_MOST_NAMED = 5  # annotations in one line of the log


@DATASETS.register_module()
class MitosisDataset(CocoDataset):
    """Frames or tiles with mitotic figures, from the annotation file of ``mitos_mmdet.datasets.coco_format``.

    Beyond CocoDataset each data info carries ``um_per_px``, ``scanner``, ``case_id`` and ``domain``, and each instance its
    ``centroid`` ``[x, y]`` px. Boxes over the border are clipped; objects outside are left out, which the log says. Of an annotation with
    a bad part what is sound is used; where its place cannot be told, the image is left out, since it would show the object as background.
    Images that nobody labelled are left out: they are not negatives. Labels go by the classes' names, in the order of
    ``metainfo['classes']`` (CocoDataset takes the order of the ids in the file).

    Args:
        hard_negatives: ``'class'``: as labelled, a class of their own (paper: MIDOG Cascade R-CNN). ``'background'``: left out of
            ``classes``; images that hold nothing else stay as background. It is what that paper's second class is compared with.
        keep_negatives: Keep training images that hold no object of ``classes`` (ours; an evaluation always keeps them).
        keep_unlabelled: Keep images that nobody labelled, to predict on them; the metric does not score them.
        strict: An unreadable image raises. Else training draws another one, and an evaluation gets a blank one whose metainfo
            names the reason under ``broken``, so that the metric can leave it out, count it and list it (ours).

    Raises:
        ValueError: An unknown ``hard_negatives``; an entry of the annotation file that lacks something; a class that it does not have; no
            image left; not one of the images is there.
    """

    METAINFO = {'classes': CLASSES, 'palette': [(0, 160, 80), (230, 120, 0)]}

    def __init__(self, *args: Any, hard_negatives: str = 'class', keep_negatives: bool = True, strict: bool = False,
                 keep_unlabelled: bool = False, **kwargs: Any):
        if hard_negatives not in ('class', 'background'):
            raise ValueError(f"hard_negatives={hard_negatives!r} of MitosisDataset: 'class' or 'background'")
        if hard_negatives == 'background':
            metainfo = kwargs.get('metainfo') or {}
            classes = tuple(name for name in metainfo.get('classes', CLASSES) if name != HARD_NEGATIVE)
            kwargs['metainfo'] = dict(metainfo, classes=classes)
        self.keep_negatives = keep_negatives
        self.strict = strict
        self.keep_unlabelled = keep_unlabelled
        self._reported = set()
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """The images that were labelled, as mmdet data infos."""
        content = read_annotations(self.ann_file)
        self._check(content)
        ids = {category['name']: category['id'] for category in content['categories']}
        self.cat_ids = [ids[name] for name in self._metainfo['classes']]
        self.cat2label = {number: label for label, number in enumerate(self.cat_ids)}
        labels, lost = labels_by_image(content)
        self.cat_img_map = {number: [annotation['image_id'] for annotation in content['annotations']
                                     if annotation['category_id'] == number] for number in self.cat_ids}
        self._known_categories = {category['id'] for category in content['categories']}
        self._notes = dict(outside=[], replaced=[], lost=[])
        infos = [self.parse_data_info(dict(raw_img_info=dict(image, img_id=image['id']), raw_ann_info=labels[image['id']]))
                 for image in content['images'] if self.keep_unlabelled or image.get('labelled', True) is not False]
        infos = [info for info in infos if info is not None]
        self._report_notes(lost)
        self._check_infos(infos, content)
        return infos

    def _check(self, content):
        check_entries(content, self.ann_file)
        for image in content['images']:
            fault = image_fault(image)
            if fault:
                raise ValueError(f"{self.ann_file}: image {image['id']} {fault}. Correct the file, or convert the dataset again")
        for annotation in content['annotations']:
            fault = reference_fault(annotation)
            if fault:
                raise ValueError(f"{self.ann_file}: annotation {annotation['id']} {fault}. Correct the file, or convert the dataset again")
        names = [category['name'] for category in content['categories']]
        unknown = [name for name in self._metainfo['classes'] if name not in names]
        if unknown:
            raise ValueError(f"{self.ann_file}: has no class {', '.join(map(repr, unknown))}, only {', '.join(map(repr, names))}. "
                             f"Set metainfo=dict(classes=(...,)) of the dataset to names of the file (one name needs its comma)")

    def _check_infos(self, infos, content):
        if not infos:
            if content['images'] and not any(image.get('labelled', True) for image in content['images']):
                raise ValueError(f'{self.ann_file}: none of its {len(content["images"])} images is labelled, so there is nothing to train '
                                 f'or score by. To predict on them, give mitos test --out FILE.json')
            raise ValueError(f'{self.ann_file}: holds no labelled image that can be used. Convert or tile the dataset again')
        if not any(osp.isfile(info['img_path']) for info in infos):
            raise ValueError(f"{infos[0]['img_path']}: no such image, nor any other of {self.ann_file}. Set data_root (or "
                             f"data_prefix) to where the images are")
        wanted = sum(annotation['category_id'] in self.cat2label for annotation in content['annotations'])
        if wanted and not any(info['instances'] for info in infos):
            raise ValueError(f'{self.ann_file}: none of its {wanted} annotations of {self._metainfo["classes"]} can be used: they are of '
                             f'no image of the file, or of unusable ones. Correct the file, or convert the dataset again')

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        """One image's data info; annotations of other classes are left out. None where the place of an object cannot be told."""
        image = raw_data_info['raw_img_info']
        found = usable_labels(raw_data_info['raw_ann_info'], image, self._known_categories, self.cat2label)
        for key, notes in self._notes.items():
            those = getattr(found, key)[:1 if key == 'lost' else None]  # a frame is lost once
            notes += [f"{image['file_name']} annotation {number}: {why}" for number, why in those]
        if found.lost:
            return None
        annotations = [_as_coco(label) for label in found.labels]
        info = super().parse_data_info(dict(raw_img_info=image, raw_ann_info=annotations))
        for instance, annotation in zip(info['instances'], annotations, strict=True):
            instance['centroid'] = annotation['centroid']
        info['img_path'] = str(as_spelled_there(info['img_path']))
        info.update({key: image[key] for key in FRAME_KEYS if key in image})
        info['labelled'] = image.get('labelled', True)
        return info

    def filter_data(self) -> list:
        """Training images without objects stay or go by ``keep_negatives``; the rest is CocoDataset's."""
        infos = super().filter_data()
        if not self.test_mode and not self.keep_negatives:
            infos = [info for info in infos if info['instances']]
            if not infos:
                raise ValueError(f"{self.ann_file}: no image holds one of {self._metainfo['classes']}. Set keep_negatives=True or "
                                 f'choose other classes')
        return infos

    def prepare_data(self, idx: int) -> dict | None:
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

    def _report_notes(self, strays):
        for what, names in (('left out {} annotations of an image that the file does not list',
                             [f"annotation {annotation['id']}" for annotation in strays]),
                            ('left out {} annotations outside their image', self._notes['outside']),
                            ('used what is sound of {} annotations', self._notes['replaced']),
                            ('left out {} frames, which would show an object as background', self._notes['lost'])):
            if names:
                more = f' and {len(names) - _MOST_NAMED} more' if len(names) > _MOST_NAMED else ''
                print_log(f"{self.ann_file}: {what.format(len(names))}: {', '.join(names[:_MOST_NAMED])}{more}",
                          logger='current', level=logging.WARNING)


def _as_coco(usable):
    """A ``usable_label`` as CocoDataset reads it."""
    x1, y1, x2, y2 = usable['bbox'].tolist()
    return dict(usable, bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1), centroid=usable['centroid'].tolist(),
                segmentation=[polygon.ravel().tolist() for polygon in usable['segmentation']])
