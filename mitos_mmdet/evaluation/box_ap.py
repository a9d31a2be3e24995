"""MIDOG's average precision: boxes around the points, IoU 0.5, as torchmetrics and pycocotools compute it. numpy and scipy alone.

MIDOG 2025 puts boxes of +-11.25 um around points, which is 1.5 radii: two of them overlap by IoU 0.5 when they stand one radius
(7.5 um) apart along an axis, and 0.78 radii (5.8 um) on the diagonal. So this AP is stricter than the contest's own F1.
"""

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import Pairs, first_free
from mitos_mmdet.evaluation.ranking import Ranking

HALF_SIDE = 1.5  # radii (contest: 11.25 um / 7.5 um)
MIN_IOU = 0.5  # contest
REACH = 1.01  # radii: a little more than one, where IoU is 0.5 at most; the boxes decide


def rank_by_boxes(frame: Frame, pairs: Pairs, radius: Length) -> Ranking:
    """The ranking as pycocotools makes it.

    By falling score each detection takes the free truth of the highest IoU; of equals the last in the list. Boxes and scores are
    rounded to float32 and are in mm (for a radius in um), because the contest's are.

    Args:
        frame: ``Frame``.
        pairs: Its ``Pairs`` within ``REACH`` radii.
        radius: ``Length``.
    """
    truth_xy, pred_xy = frame.scaled(radius)
    unit = 1000 if radius.unit == 'um' else 1
    half = HALF_SIDE * radius.value / unit
    # Only boxes near a truth are made.
    overlap = _iou(_boxes(truth_xy[pairs.truths] / unit, half), _boxes(pred_xy[pairs.preds] / unit, half))
    enough = overlap >= MIN_IOU
    truths, preds, overlap = pairs.truths[enough], pairs.preds[enough], overlap[enough]
    order = np.lexsort((-truths, -overlap, preds, -frame.pred_scores[preds].astype(np.float32)))
    hits = preds[order][first_free(preds[order], truths[order])]
    return Ranking(hits, np.ones(len(hits)), hits)


def _boxes(xy, half):
    """``(N, 4)`` float64 x, y, width, height, each rounded to float32 on its way as torchvision's ``box_convert`` does."""
    low, high = (xy - half).astype(np.float32), (xy + half).astype(np.float32)
    return np.concatenate([low, high - low], axis=1).astype(np.float64)


def _iou(first, second):
    near, far = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    common = np.prod(np.maximum(far - near, 0), axis=1)
    return common / (np.prod(first[:, 2:], axis=1) + np.prod(second[:, 2:], axis=1) - common)
