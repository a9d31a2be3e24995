"""What a metric keeps of a run, as the frames of an evaluation. numpy alone."""

from dataclasses import replace

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS


def frames_of_records(records, classes, name):
    """One ``Frame`` a record that could be read; those that nobody labelled say so.

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
    return [replace(
        record.frame(label), labelled=record.labelled, size_px=record.shape and record.shape[::-1],
        hard_negative_xy=record.truth_xy[record.truth_labels == hard] if labelled else None,
        hard_negative_pred_xy=record.centroids[record.labels == hard] if found else None,
        hard_negative_pred_scores=record.scores[record.labels == hard] if found else None) for record in readable]
