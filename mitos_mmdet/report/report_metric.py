"""``ReportMetric``: the report of a test run, on whatever processes it ran."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mitos_mmdet.core.images import BrokenImageError, read_rgb
from mitos_mmdet.evaluation.centroid_metric import CentroidMetric
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.records import Record, frames_of, unique
from mitos_mmdet.report.report_path import check_report_path
from mitos_mmdet.report.write_report import write_report


class ReportMetric(CentroidMetric):
    """Writes the report of the headline class; gives no scores to the run's log, which has those of ``CentroidMetric``.

    It stands beside a run's ``CentroidMetric`` and collects as it does: the main process writes, with the frames of all processes.

    Args:
        path: The HTML file, see ``write_report``.
        provenance: ``{what: text}`` for the page.
        settings: ``radius``, ``matching``, ``score_thr``, ``classes``, ``collect_device`` and ``collect_dir`` of ``CentroidMetric``.
    """

    def __init__(self, path: str | Path, provenance: Mapping[str, str] | None = None, **settings: Any):
        super().__init__(**settings)
        self.path = check_report_path(path)
        self.provenance = provenance

    def compute_metrics(self, results: Sequence[Record]) -> dict:
        """Writes the report.

        Returns:
            dict: Empty.
        """
        classes = self._dataset_classes()
        headline = (self.classes or classes)[0]
        frames = frames_of(unique(results), classes, headline)
        evaluation = evaluate(frames, self.radius, self.matching, self.score_thr, headline)
        write_report(evaluation, self.path, _image_of, self.provenance)
        print_log(f'wrote {self.path}', logger='current')
        return {}


def _image_of(path):
    try:
        return read_rgb(path)
    except BrokenImageError:
        return None
