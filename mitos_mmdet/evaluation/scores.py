"""Contest scores of centroid detections, pooled over frames. numpy and scipy alone.

A list of ``Frame`` holds one class. Frames without truth count their false alarms, frames without predictions their misses (MIDOG
2021's own evaluator skips the latter: a fault of it). Scores per scanner or domain: the caller filters the frames.

What is 0/0 is nan: there was nothing to judge, and a zero would read as a failure. So precision is nan where nothing was
predicted, recall where there is no truth, F1 only where there is neither (truth without predictions has F1 0).
"""

from dataclasses import dataclass, field

import numpy as np

from mitos_mmdet.evaluation.matching import Match, match, match_by_score


@dataclass(frozen=True)
class Score:
    """Counts at one threshold, pooled.

    Attributes:
        tp, fp, fn: Counts. Under ``amida`` tp counts found truths, and fp the predictions near no truth.
        distances_um: Centroid distance of each hit in um, of the frames with a known pixel size.
        matches: One ``Match`` a frame; its indices are those of all the frame's predictions, its distances in the radius' unit.
            Predictions under the threshold are neither hits nor false positives.
    """

    tp: int
    fp: int
    fn: int
    distances_um: np.ndarray = field(default_factory=lambda: np.zeros(0))
    matches: tuple = ()

    @property
    def precision(self):
        return float(ratio(self.tp, self.tp + self.fp))

    @property
    def recall(self):
        return float(ratio(self.tp, self.tp + self.fn))

    @property
    def f1(self):
        return float(ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn))

    @property
    def distance_mean_um(self):
        return float(self.distances_um.mean()) if len(self.distances_um) else np.nan

    @property
    def distance_sd_um(self):
        """Of the hits as a population (ours; ICPR 2012 asks for mean and standard deviation and does not say which)."""
        return float(self.distances_um.std()) if len(self.distances_um) else np.nan


def ratio(part, whole):
    """``part / whole``, nan where ``whole`` is 0; numbers or arrays."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan), where=whole > 0)


def score_at(frames, radius, rule='midog', threshold=-np.inf):
    """Pooled counts of the predictions with score >= threshold.

    Args:
        frames: List of ``Frame``.
        radius: ``Length``, inclusive.
        rule: One of ``matching.RULES`` (default: the contest's, MIDOG).
        threshold: Default: all predictions. nan keeps none.

    Returns:
        Score: See there.
    """
    matches, distances_um = [], [np.zeros(0)]
    for frame in frames:
        truth_xy, pred_xy = frame.scaled(radius)
        kept = np.flatnonzero(frame.pred_scores >= threshold)
        found = match(truth_xy, pred_xy[kept], radius.value, rule)
        truth_to_pred, false_positive = np.full(len(truth_xy), -1), np.zeros(len(pred_xy), dtype=bool)
        hit = found.truth_to_pred >= 0
        truth_to_pred[hit] = kept[found.truth_to_pred[hit]]
        false_positive[kept] = found.false_positive
        matches.append(Match(truth_to_pred, found.distances, false_positive))
        distances_um.append(hit_distances_um(frame, matches[-1]))
    tp = sum(int((found.truth_to_pred >= 0).sum()) for found in matches)
    fp = sum(int(found.false_positive.sum()) for found in matches)
    fn = sum(len(frame.truth_xy) for frame in frames) - tp
    return Score(tp, fp, fn, np.concatenate(distances_um), tuple(matches))


def hit_distances_um(frame, found):
    """Centroid distance in um of each hit of a frame (``found``: its ``Match``); none where its pixel size is unknown."""
    if frame.um_per_px is None:
        return np.zeros(0)
    hit = found.truth_to_pred >= 0
    apart = frame.truth_xy[hit] - frame.pred_xy[found.truth_to_pred[hit]]
    return np.hypot(*(apart * np.asarray(frame.um_per_px, dtype=np.float64)).T)


def average_precision(frames, radius):
    """AP over centroids: the area under the precision envelope, at all points, pooled over the frames.

    By falling score each prediction takes its nearest free truth of its frame (``match_by_score``). The envelope at a recall is
    the best precision at that recall or above (VOC 2010's all-point interpolation, not COCO's 101 points). Predictions of one
    score enter together, so that the order of the frames changes nothing (ours).

    Returns:
        float: nan without any truth, 0 where there is truth and no prediction.
    """
    truths = sum(len(frame.truth_xy) for frame in frames)
    hits = [match_by_score(*frame.scaled(radius), frame.pred_scores, radius.value) >= 0 for frame in frames]
    if not truths:
        return np.nan
    _, tp, total = pool([(frame.pred_scores, hit, np.ones(len(hit))) for frame, hit in zip(frames, hits, strict=True)])
    envelope = np.maximum.accumulate((tp / total)[::-1])[::-1]
    return float((np.diff(tp, prepend=0) / truths * envelope).sum())


def pool(events):
    """Sums of what each prediction adds, at every threshold that changes something.

    Args:
        events: One ``(scores, adds_a, adds_b)`` of ``(P,)`` arrays a frame, in any order.

    Returns:
        tuple: Distinct scores ``(K,)``, falling, and both sums over the predictions with score >= it.
    """
    scores, first, second = (np.concatenate([np.zeros(0), *column]) for column in zip(*events, strict=True)) if events else \
        (np.zeros(0),) * 3
    order = np.argsort(-scores, kind='stable')
    scores = scores[order]
    last = np.flatnonzero(np.diff(scores, append=-np.inf))
    return scores[last], np.cumsum(first[order])[last], np.cumsum(second[order])[last]
