"""Adds a detector's false positives on training frames to their annotation file, as hard negatives."""

from collections import Counter
from pathlib import Path

import numpy as np

from mitos_mmdet.core.centroids import centroids_inside, centroids_to_boxes
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import CATEGORY_IDS, HARD_NEGATIVE, MITOSIS, check_coco, read_annotations
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import frame_pairs
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.interchange.class_names import class_name
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.preparation.to_coco import box_annotation


def mine_negatives(frames_file: str | Path, detections: str | Path, radius: str = '7.5um', threshold: float = 0.25,
                   box_size: str = '50px', ignore_unknown: bool = False) -> tuple:
    """The annotation file's content with the false positives among its hard negatives.

    Mitotic figures that were detected in labelled frames are gone through by falling score. One is mined if it lies outside all crowds,
    and further than the radius from every label and from everything mined before it. It carries its score as ``mined``.

    Args:
        frames_file: COCO json of ``coco_format``.
        detections: File or folder of any format of ``FORMATS``.
        radius: With its unit, inclusive (default: MIDOG's).
        threshold: Least score (ours); what has no score counts.
        box_size: Side of the boxes, with its unit (default: of MIDOG's labels).
        ignore_unknown: Leave out detections on frames that the file has not.

    Returns:
        tuple: ``(content, counts, notes)``: a Counter of ``detections``, ``on mitotic figures``, ``on other labels``, ``mined``, ``mined
        before``, ``labelled frames`` and ``frames``, those with mined ones; lines that the user should read.

    Raises:
        ValueError: A file that is not usable, or detections of other frames.
    """
    reach, side = Length.parse(radius), Length.parse(box_size)
    content = read_annotations(frames_file)
    check_coco(content, frames_file)
    truth = read_points(frames_file, 'coco', is_truth=True)
    detected = read_points(detections, truth=truth)
    pairing = pair(truth, detected, ignore_unknown=ignore_unknown)
    crowds = _crowds(content)
    counts: Counter = Counter({'mined before': sum('mined' in annotation for annotation in content['annotations'])})
    category_id, number = _category(content), _free_number(content['annotations'])
    for image, (labels, found) in zip(content['images'], pairing.pairs, strict=True):
        if not labels.labelled:  # nobody looked: what was detected may be right
            continue
        counts['labelled frames'] += 1
        xy, scores = _false_positives(labels, found, crowds.get(image['id'], ()), reach, threshold, counts)
        boxes = centroids_to_boxes(xy, side.to_px(labels.um_per_px, image['file_name']))
        for centroid, box, score in zip(xy, boxes, scores, strict=True):
            annotation = box_annotation(category_id, box, centroid, (image['width'], image['height']))
            content['annotations'].append(dict(id=number, image_id=image['id'], mined=round(float(score), 4), **annotation))
            number += 1
    info = content.pop('info', None)
    info = {key: value for key, value in info.items() if key != 'mined_negatives'} if isinstance(info, dict) else {}
    settings = dict(detections=Path(detections).name, radius=str(reach), threshold=threshold, number=counts['mined'])
    return dict(info=dict(mined_negatives=settings, **info), **content), counts, detected.notes + pairing.notes


def _false_positives(labels, found, crowds, radius, threshold, counts):
    """Centroids ``(N, 2)`` and scores ``(N,)`` of a frame's false positives, by falling score. Adds to ``counts``."""
    scores = np.ones(len(found)) if found.scores is None else found.scores
    chosen = (found.labels == MITOSIS) & (scores >= threshold) & centroids_inside(found.xy, *labels.size_px)
    order = np.flatnonzero(chosen)[np.argsort(-scores[chosen], kind='stable')]
    xy, scores = found.xy[order], scores[order]
    near = frame_pairs(Frame(labels.xy, xy, scores, labels.um_per_px, labels.name), radius)
    on_label, on_mitosis = np.zeros((2, len(xy)), bool)
    on_label[near.preds] = True
    on_mitosis[near.preds[labels.labels[near.truths] == MITOSIS]] = True
    for x, y, width, height in crowds:
        on_label |= ((xy >= (x, y)) & (xy <= (x + width, y + height))).all(axis=1)
    xy, scores = xy[~on_label], scores[~on_label]
    mined = _apart(frame_pairs(Frame(xy, xy, scores, labels.um_per_px, labels.name), radius), len(xy))
    counts.update({'detections': len(order), 'on mitotic figures': int(on_mitosis.sum()),
                   'on other labels': int((on_label & ~on_mitosis).sum()), 'mined': len(mined), 'frames': int(len(mined) > 0)})
    return xy[mined], scores[mined]


def _apart(near, count):
    """Indices of ``count`` places that are near none that was taken before them; ``near`` are the ``Pairs`` among them."""
    taken = np.zeros(count, bool)
    for index in range(count):
        taken[index] = not taken[near.preds[near.truths == index]].any()
    return np.flatnonzero(taken)


def _crowds(content):
    """Boxes ``(x, y, width, height)`` px of the annotations that stand for several mitotic figures, by image."""
    boxes = {}
    for annotation in content['annotations']:
        if annotation.get('iscrowd'):
            boxes.setdefault(annotation['image_id'], []).append(annotation['bbox'])
    return boxes


def _category(content):
    """The id of hard negatives, which becomes a category where the file has none."""
    known = {class_name(category['name']): category['id'] for category in content['categories']}
    if HARD_NEGATIVE not in known:
        free = CATEGORY_IDS[HARD_NEGATIVE]
        known[HARD_NEGATIVE] = free if free not in known.values() else _free_number(content['categories'])
        content['categories'].append(dict(id=known[HARD_NEGATIVE], name=HARD_NEGATIVE))
    return known[HARD_NEGATIVE]


def _free_number(entries):
    return 1 + max((entry['id'] for entry in entries if isinstance(entry['id'], int)), default=0)
