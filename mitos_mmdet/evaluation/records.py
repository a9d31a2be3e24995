"""What the metric keeps of a data sample: small, plain and picklable, so that processes can exchange it. No mmdet import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.interchange.detections_json import DETECTIONS_FORMAT
from mitos_mmdet.tiling.frame_masks import FrameMasks


@dataclass
class Record:
    """One image's truth and predictions of all classes, coordinates in px of the original frame.

    Attributes:
        truth_xy, truth_labels: ``(G, 2)`` float64 and ``(G,)`` int, in the order of the annotation file.
        boxes, scores, labels: ``(P, 4)`` xyxy and ``(P,)`` float32, ``(P,)`` int.
        masks: P masks as COCO run lengths of the frame, or None from a detector without masks.
        shape: ``(height, width)`` px, or None.
        um_per_px: ``(x, y)``, or None.
        labelled: False where nobody looked for mitoses: not a negative, so not scored.
        broken: Why the image could not be read, or None.
    """

    img_id: object
    path: str
    shape: tuple | None
    um_per_px: tuple | None
    scanner: str | None
    domain: str | None
    case_id: str | None
    labelled: bool
    broken: str | None
    truth_xy: np.ndarray
    truth_labels: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    masks: list | None = None

    @property
    def scored(self) -> bool:
        return self.labelled and self.broken is None

    @property
    def centroids(self) -> np.ndarray:
        """``(P, 2)`` float64: the centres of the predicted boxes."""
        boxes = self.boxes.astype(np.float64)
        return (boxes[:, :2] + boxes[:, 2:]) / 2

    def frame(self, label: int, **known: Any) -> Frame:
        """The ``Frame`` of one class, with what else is ``known``."""
        mine = self.labels == label
        if self.masks is not None:
            known['pred_masks'] = [self.masks[place] for place in np.flatnonzero(mine)]
        return Frame(self.truth_xy[self.truth_labels == label], self.centroids[mine], self.scores[mine], self.um_per_px, self.path,
                     self.scanner, self.domain, self.case_id, size_px=self.shape and self.shape[::-1], labelled=self.labelled, **known)


def frames_of(records: Sequence[Record], classes: Sequence[str], name: str) -> list[Frame]:
    """One ``Frame`` per record that could be read; those that nobody labelled say so.

    Args:
        records: List of ``Record``.
        classes: Names, by label.
        name: The class; of ``MITOSIS`` what is known of hard negatives comes along: their labels where any record has one, their
            detections where the model gives any.
    """
    label = classes.index(name)
    hard = classes.index(HARD_NEGATIVE) if name == MITOSIS and HARD_NEGATIVE in classes else None
    readable = [record for record in records if record.broken is None]
    labelled = any((record.truth_labels == hard).any() for record in readable)
    found = any((record.labels == hard).any() for record in readable)
    return [record.frame(
        label, hard_negative_xy=record.truth_xy[record.truth_labels == hard] if labelled else None,
        hard_negative_pred_xy=record.centroids[record.labels == hard] if found else None,
        hard_negative_pred_scores=record.scores[record.labels == hard] if found else None) for record in readable]


def read_sample(sample: dict) -> Record:
    """A ``Record`` of a data sample after prediction.

    Args:
        sample: Dict of a ``DetDataSample``: ``pred_instances`` (``bboxes`` xyxy px of the original frame, ``scores``, ``labels``, maybe
            ``masks``) and the metainfo, with the dataset's own ``instances``. An instance's ``centroid`` is the truth, else the centre of
            its ``bbox``. Instances with ``ignore_flag`` (COCO's crowds, which no contest has) are no truth.

    Raises:
        ValueError: A labelled image without ``instances``; boxes or scores that are not finite.
    """
    path = str(sample.get('img_path') or sample.get('img_id'))
    broken, labelled = sample.get('broken'), sample.get('labelled', True) is not False
    if broken is None and labelled and 'instances' not in sample:
        raise ValueError(f"{path}: its data sample carries no 'instances', so there is no truth to score by. Add 'instances' to "
                         f"meta_keys of PackDetInputs in the test pipeline")
    truths = [truth for truth in sample.get('instances') or () if not truth.get('ignore_flag')]
    # What a model makes of the blank image that stands in for a broken one means nothing.
    found = sample.get('pred_instances') if broken is None else None
    empty = dict(bboxes=np.zeros((0, 4)), scores=np.zeros(0), labels=np.zeros(0))
    boxes, scores, labels = (_to_numpy((found or empty)[key]) for key in ('bboxes', 'scores', 'labels'))
    um_per_px, shape = sample.get('um_per_px'), sample.get('ori_shape')
    record = Record(
        sample.get('img_id', path), path, None if shape is None else tuple(int(side) for side in shape[:2]),
        None if um_per_px is None else tuple(float(side) for side in um_per_px), sample.get('scanner'), sample.get('domain'),
        sample.get('case_id'), labelled, None if broken is None else str(broken),
        np.array([_centroid(truth) for truth in truths], dtype=np.float64).reshape(-1, 2),
        np.array([truth['bbox_label'] for truth in truths], dtype=int),
        boxes.astype(np.float32).reshape(-1, 4), scores.astype(np.float32), labels.astype(int), _run_lengths((found or {}).get('masks')))
    Frame(record.truth_xy, record.centroids, record.scores, name=path)  # raises where a number is not finite
    return record


def unique(records: Sequence[Record]) -> list[Record]:
    """The records without repeats (of ``img_id`` and path): samplers pad the last round of several processes."""
    return list({(record.img_id, record.path): record for record in reversed(records)}.values())[::-1]


def detections(records: Sequence[Record], classes: Sequence[str]) -> dict:
    """All predictions as JSON content: ``{format, version, classes, frames, skipped}``.

    Each frame: ``file_name``, ``image_id``, ``width``, ``height``, ``um_per_px``, ``scanner``, ``domain``, ``case_id`` and
    ``points``, each ``x``, ``y`` (px), ``score``, ``label`` (the class' name), ``box`` (xyxy px), and ``mask`` (COCO run lengths of the
    frame) where the detector gives masks.
    """
    return dict(
        format=DETECTIONS_FORMAT, version=1, classes=list(classes),
        frames=[dict(file_name=record.path, image_id=record.img_id, width=record.shape and record.shape[1],
                     height=record.shape and record.shape[0], um_per_px=record.um_per_px and list(record.um_per_px),
                     scanner=record.scanner, domain=record.domain, case_id=record.case_id, points=_points(record, classes))
                for record in records if record.broken is None],
        skipped=[dict(file_name=record.path, reason=record.broken) for record in records if record.broken is not None])


def _points(record, classes):
    points = [dict(x=x, y=y, score=score, label=classes[label], box=box) for (x, y), score, label, box in zip(
        record.centroids.tolist(), record.scores.tolist(), record.labels.tolist(), record.boxes.tolist(), strict=True)]
    if record.masks is not None:
        for point, mask in zip(points, record.masks, strict=True):
            point['mask'] = dict(size=list(mask['size']), counts=mask['counts'].decode('ascii'))
    return points


def _centroid(truth):
    if truth.get('centroid') is not None:
        return truth['centroid']
    x1, y1, x2, y2 = truth['bbox']
    return (x1 + x2) / 2, (y1 + y2) / 2


def _run_lengths(masks):
    if masks is None or isinstance(masks, FrameMasks):
        return masks and masks.run_lengths
    # Of a detector on whole frames: one by one, as all as doubles would take gigabytes.
    return [coco_mask.encode(np.asfortranarray(_to_numpy(mask), dtype=np.uint8)) for mask in masks]


def _to_numpy(values):
    values = getattr(values, 'tensor', values)  # mmdet's box types
    # bfloat16, which a model under --amp may give, has no numpy type.
    return values.detach().cpu().double().numpy() if hasattr(values, 'detach') else np.asarray(values)
