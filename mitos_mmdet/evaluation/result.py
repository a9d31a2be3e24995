"""What an evaluation gives: plain data, from which tables, JSON and reports are made. numpy alone."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.bootstrap import Bootstrap, Estimate
from mitos_mmdet.evaluation.calibration import Calibration
from mitos_mmdet.evaluation.count_agreement import CountAgreement
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.froc import Froc, froc
from mitos_mmdet.evaluation.hard_negatives import NAMES, Confusion, HardNegatives
from mitos_mmdet.evaluation.matching import Match
from mitos_mmdet.evaluation.sweep import Sweep
from mitos_mmdet.evaluation.thresholds import Threshold

FORMAT = 'mitos_mmdet evaluation'
CURVE_POINTS = 500  # in JSON (ours)


@dataclass(frozen=True)
class Summary:
    """All frames, or one group of them.

    Attributes:
        frames, units: How many frames, and how many of what the bootstrap draws.
        truths, detections: Mitotic figures, and detections at the threshold.
        tp, fp, fn: Counts at the threshold.
        precision, recall, f1: At the threshold.
        ap: Average precision over centroids, see ``HitCurve.average_precision``.
        box_ap: MIDOG's, see ``box_ap``.
        froc_area: Under recall over 0 to 8 false positives per image, at every threshold; 8 at best.
        froc_area_per_mm2: Over 0 to 4 false positives per mm2, 4 at best; nan where an area is unknown.
        froc_area_midog25: The contest's own approximation of ``froc_area``, at 40 thresholds.

    The last five are None for single cases.
    """

    frames: int
    units: int
    truths: int
    detections: int
    tp: int
    fp: int
    fn: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    ap: Estimate | None = None
    box_ap: Estimate | None = None
    froc_area: Estimate | None = None
    froc_area_per_mm2: Estimate | None = None
    froc_area_midog25: Estimate | None = None


@dataclass(frozen=True)
class Localisation:
    """Distance between a hit and its truth: how many hits have one in um, its mean and its standard deviation (population)."""

    hits: int
    mean_um: Estimate
    sd_um: Estimate


@dataclass(frozen=True)
class Evaluation:
    """Everything known about one class over one set of frames.

    Attributes:
        name: The class.
        radius, matching: What counts as a hit.
        threshold: The operating point, and where it comes from.
        frames: The labelled frames, by name.
        matches: One ``Match`` per frame, at the threshold; indices are those of all the frame's detections.
        frames_unlabelled: Left out.
        bootstrap: Of all intervals.
        overall: All frames.
        groups: ``{'scanner': {name: Summary}}``, also ``domain``, ``region_type`` and ``case``, each where it has two groups or
            more; frames without one are ``'unknown'``.
        curve: Counts at every threshold.
        count_agreement: ``{'frames': ...}``, and ``'cases'`` where every frame has a case.
        localisation: Of the hits.
        calibration: None where scores are no probabilities (outside 0 to 1).
        hard_negatives, confusion: Over the frames in which hard negatives were labelled; None where there are none.
    """

    name: str
    radius: Length
    matching: str
    threshold: Threshold
    frames: list[Frame]
    matches: list[Match]
    frames_unlabelled: int
    bootstrap: Bootstrap
    overall: Summary
    groups: dict[str, dict[str, Summary]]
    curve: Sweep
    count_agreement: dict[str, CountAgreement]
    localisation: Localisation
    calibration: Calibration | None
    hard_negatives: HardNegatives | None
    confusion: Confusion | None

    @property
    def froc(self) -> Froc:
        """The curve as a free-response curve."""
        return froc(self.curve, self.frames)

    def to_dict(self) -> dict:
        """For JSON: nan is None, the curve is cut to 500 points, of the frames only counts."""
        return dict(format=FORMAT, version=1, name=self.name, radius=str(self.radius), matching=self.matching,
                    threshold=plain(self.threshold.to_dict()), frames=len(self.frames), frames_unlabelled=self.frames_unlabelled,
                    bootstrap=plain(self.bootstrap), overall=plain(self.overall), groups=plain(self.groups), curve=self._curve(),
                    count_agreement=plain(self.count_agreement), localisation=plain(self.localisation),
                    calibration=plain(self.calibration), hard_negatives=plain(self.hard_negatives),
                    confusion=self.confusion and dict(names=list(NAMES), predicted_by_truth=self.confusion.counts),
                    per_frame=[self._frame(frame, found) for frame, found in zip(self.frames, self.matches, strict=True)])

    def _curve(self):
        """The ends, and points evenly spread over the ranks in between."""
        shown = np.unique(np.linspace(0, len(self.curve.thresholds) - 1, CURVE_POINTS).round().astype(int)) \
            if len(self.curve.thresholds) else []
        froc = self.froc
        points = dict(threshold=self.curve.thresholds, tp=self.curve.tp, fp=self.curve.fp, fn=self.curve.fn, recall=froc.recall,
                      precision=self.curve.precision, fp_per_image=froc.fp_per_image, fp_per_mm2=froc.fp_per_mm2)
        return {key: None if values is None else plain(values[shown]) for key, values in points.items()}

    @staticmethod
    def _frame(frame, found):
        tp, fp = int((found.truth_to_pred >= 0).sum()), int(found.false_positive.sum())
        return dict(name=frame.name, case_id=frame.case_id, scanner=frame.scanner, domain=frame.domain, region_type=frame.region_type,
                    tp=tp, fp=fp, fn=len(frame.truth_xy) - tp)


def plain(value: Any) -> Any:
    """Dataclasses, arrays and numbers as what JSON knows; nan as None."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
