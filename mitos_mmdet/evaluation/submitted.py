"""The operating point that a submission itself has: the points that its author named as counting."""

import dataclasses

import numpy as np

from mitos_mmdet.interchange.points import PointFile, only


def submitted_threshold(detections: PointFile) -> tuple:
    """The threshold at which the points of a submission count that its author, and MIDOG's evaluator, count.

    Args:
        detections: A ``PointFile``.

    Returns:
        tuple: The ``PointFile``; the threshold, None where the file says nothing (scores without names); a line that says where it comes
        from. Where no one threshold parts the points, as of an author with several, the points that do not count are left out.
    """
    if not detections.has_scores:
        return detections, 1.0, 'all points count: the file has no scores, so no other operating point can be scored, and no curve drawn'
    if all(frame.kept is None for frame in detections.frames):
        return detections, None, ''
    kept = np.concatenate([np.ones(len(frame), dtype=bool) if frame.kept is None else frame.kept for frame in detections.frames])
    scores = np.concatenate([frame.scores for frame in detections.frames])
    if not kept.any():
        return detections, float(np.nextafter(scores.max(initial=0), np.inf)), "no point is named 'mitotic figure', so none counts"
    threshold = float(scores[kept].min())
    wrong = int((scores[~kept] >= threshold).sum())
    if not wrong:
        return detections, threshold, "its own, the least score named 'mitotic figure'"
    frames = [frame if frame.kept is None else only(frame, frame.kept) for frame in detections.frames]
    return dataclasses.replace(detections, frames=frames), threshold, (
        f"the points named 'mitotic figure' count; {wrong} others have as high a probability, so no one threshold parts them: the "
        f"{int((~kept).sum())} points of other names are left out of all scores")
