"""How well do anchors fit mitotic figures? Best IoU and positive anchors of each object, by the MITOS-RCNN configs' own rules.

    python benchmarks/anchor_overlap.py data/atypia14/annotations_train.json

Objects are boxes of 30 px of the frame in its 4 x 4 equal parts, each resized to 299 x 299 px, without turns. No model is built.
"""

import argparse
import copy
from collections import defaultdict

import numpy as np
import torch
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import bbox_overlaps
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.centroids import centroids_to_boxes, clip_boxes
from mitos_mmdet.core.console import run
from mitos_mmdet.datasets.coco_format import read_annotations

SIDE, PARTS, BOX_PX = 299, 4, 30
# Side of the RPN's map, and whose anchors they are.
RPNS = {'conv5': (18, 'faster_rcnn_vgg16_atypia14'), 'conv5, anchors16': (18, 'ablations/faster_rcnn_vgg16_anchors16_atypia14'),
        'conv4': (37, 'faster_rcnn_vgg16_conv4_atypia14'), 'conv4, anchors16': (37, 'ablations/faster_rcnn_vgg16_conv4_anchors16_atypia14'),
        'RPN_1': (37, 'mitos_rcnn_vgg16_atypia14'), "RPN_2's windows": (74, 'mitos_rcnn_vgg16_atypia14')}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('annotations', help='annotation file of whole frames')
    parts = _parts(read_annotations(parser.parse_args().annotations))
    init_default_scope('mmdet')
    print(f'{sum(map(len, parts))} objects in {len(parts)} parts')
    print('RPN               anchors  best IoU  from 0.7  positives  range    px off')
    for name, (side, config) in RPNS.items():
        model = Config.fromfile(f'configs/mitos/{config}.py').model.detector
        head = model.rpn_head
        head = head if 'rpn1' not in head else head.rpn1 if name == 'RPN_1' else head.rpn2
        anchors = TASK_UTILS.build(copy.deepcopy(head.anchor_generator)).grid_priors([(side, side)], device='cpu')[0]
        assigner = TASK_UTILS.build(copy.deepcopy(model.train_cfg.rpn.assigner))
        best, counts, off = (np.concatenate(each) for each in zip(*(_fit(anchors, boxes, assigner) for boxes in parts), strict=True))
        print(f'{name:16s}  {len(anchors):7d}  {np.median(best):8.2f}  {(best >= 0.7).mean():8.0%}  {np.median(counts):9.0f}  '
              f'{counts.min():.0f} to {counts.max():.0f}  {np.nanmean(off):6.1f}')


def _parts(content):
    """Boxes ``(N, 4)`` xyxy px of the 299 px image, of each part that holds an object."""
    sizes = {image['id']: np.array([image['width'], image['height']]) / PARTS for image in content['images']}
    found = defaultdict(list)
    for label in content['annotations']:
        part = sizes[label['image_id']]
        place = np.minimum(np.array(label['centroid']) // part, PARTS - 1)
        boxes = centroids_to_boxes(np.array([label['centroid'] - place * part], np.float32), (BOX_PX, BOX_PX))
        found[(label['image_id'], *place)].append(clip_boxes(boxes, *part)[0] * np.tile(SIDE / part, 2))
    return [torch.tensor(np.array(boxes), dtype=torch.float32) for boxes in found.values()]


def _fit(anchors, boxes, assigner):
    """Of each box: IoU of its best anchor, how many anchors are its positives, and how far their centres are off (px)."""
    truth = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
    owner = assigner.assign(InstanceData(priors=anchors), truth).gt_inds
    own = [anchors[owner == number] for number in range(1, len(boxes) + 1)]
    centres = [(found[:, :2] + found[:, 2:] - box[:2] - box[2:]) / 2 for found, box in zip(own, boxes, strict=True)]
    return (bbox_overlaps(boxes, anchors).max(dim=1).values.numpy(), np.array([len(found) for found in own]),
            np.array([each.norm(dim=1).mean().item() for each in centres]))


if __name__ == '__main__':
    run(main)
