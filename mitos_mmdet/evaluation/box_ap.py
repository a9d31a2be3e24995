"""MIDOG's average precision: boxes around the points, IoU 0.5, as torchmetrics and pycocotools compute it. numpy and scipy alone.

MIDOG 2025 puts boxes of +-11.25 um around points, which is 1.5 radii: two of them overlap by IoU 0.5 when they stand one radius
(7.5 um) apart along an axis, and 0.78 radii (5.8 um) on the diagonal. So this AP is stricter than the contest's own F1.
"""

import numpy as np

from mitos_mmdet.evaluation.matching import first_free, pairs_within

HALF_SIDE = 1.5  # radii (contest: 11.25 um / 7.5 um)
MIN_IOU = 0.5  # contest


def box_events(frames, radius):
    """Hits and false alarms in the order in which pycocotools counts them.

    By falling score each detection takes the free truth of the highest IoU; of equals the last in the list. Boxes and scores are
    rounded to float32 and are in mm (for a radius in um), because the contest's are. Detections of one score go in the frames'
    order, one by one.

    Args:
        frames: List of ``Frame``.
        radius: ``Length``.

    Returns:
        list: One ``(place, hits, alarms)`` of ``(P,)`` arrays a frame, as ``HitCurve`` takes them; ``place`` falls by one a
        detection, where others have a score.
    """
    scores = [frame.pred_scores.astype(np.float32) for frame in frames]
    together = np.concatenate([np.zeros(0, dtype=np.float32), *scores])
    place = np.empty(len(together))
    place[np.argsort(-together, kind='stable')] = -np.arange(len(together))
    places = np.split(place, np.cumsum([len(each) for each in scores])[:-1]) if frames else []
    hits = [_hits(frame, each, radius) for frame, each in zip(frames, places, strict=True)]
    return [(each, hit.astype(float), 1.0 - hit) for each, hit in zip(places, hits, strict=True)]


def _hits(frame, place, radius):
    truth_xy, pred_xy = frame.scaled(radius)
    # A little more than the radius, where IoU is 0.5 at most: the boxes decide.
    truths, preds, _ = pairs_within(truth_xy, pred_xy, radius.value * 1.01)
    unit = 1000 if radius.unit == 'um' else 1
    half = HALF_SIDE * radius.value / unit
    overlap = _iou(_boxes(truth_xy / unit, half)[truths], _boxes(pred_xy / unit, half)[preds])
    enough = overlap >= MIN_IOU
    truths, preds, overlap = truths[enough], preds[enough], overlap[enough]
    order = np.lexsort((-truths, -overlap, -place[preds]))
    hit = np.zeros(len(pred_xy), dtype=bool)
    hit[preds[order][first_free(preds[order], truths[order], len(pred_xy), len(truth_xy))]] = True
    return hit


def _boxes(xy, half):
    """``(N, 4)`` float64 x, y, width, height, each rounded to float32 on its way as torchvision's ``box_convert`` does."""
    low, high = (xy - half).astype(np.float32), (xy + half).astype(np.float32)
    return np.concatenate([low, high - low], axis=1).astype(np.float64)


def _iou(first, second):
    near, far = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    common = np.prod(np.maximum(far - near, 0), axis=1)
    return common / (np.prod(first[:, 2:], axis=1) + np.prod(second[:, 2:], axis=1) - common)
