"""``SecondReader``: the opinion of other networks of what a detector found."""

import hashlib
from collections.abc import Sequence

import numpy as np

from mitos_mmdet.model_zoo.bundled import bundled_names
from mitos_mmdet.model_zoo.candidate_classifiers import KIND as CLASSIFIER
from mitos_mmdet.model_zoo.candidate_classifiers import CandidateClassifiers, load_candidate_classifiers
from mitos_mmdet.model_zoo.roi_head_readers import RoiHeadReaders, load_roi_head_readers

_LEAST_SCORE = 0.2  # ours: what scores less is seldom a mitotic figure


class SecondReader:
    """Scores places anew by networks of other kinds than the detector's.

    Networks of different kinds make different mistakes; the mean of their scores ranks better than any (docs/model_card.md). The
    proposals are the detector's, so the others look at small crops around them alone.

    Args:
        groups: Networks that see the same crops: ``RoiHeadReaders`` or ``CandidateClassifiers``. The detector's score has the weight that
            theirs leave to 1.

    Attributes:
        name: Of the networks.
        sha256: Of their files and weights.
    """

    least_score = _LEAST_SCORE

    def __init__(self, groups: 'Sequence[RoiHeadReaders | CandidateClassifiers]'):
        self.groups = groups
        self.name = ', '.join(group.name for group in groups)
        self.sha256 = hashlib.sha256(' '.join(f'{group.sha256} {group.weight}' for group in groups).encode()).hexdigest()

    def mean(self, scores: np.ndarray, opinions: Sequence[np.ndarray]) -> np.ndarray:
        """The weighted mean of a detector's scores ``(N,)`` and of each group's ``(N,)``."""
        own = 1 - sum(group.weight for group in self.groups)
        return own * scores + sum(group.weight * opinion for group, opinion in zip(self.groups, opinions, strict=True))


def load_second_reader(card: dict, device: str = 'cpu', engine: str = 'torch', threads: int | None = None,
                       precision: str = 'float32') -> SecondReader | None:
    """The second reader that a bundled detector's card describes under ``second_reader``; None where it has none.

    Args:
        card: Of the detector.
        device: Where torch runs.
        engine: ``'openvino'`` or ``'torch'``.
        threads, precision: Of OpenVINO, as for ``load_model``.

    Raises:
        ValueError: A network is not there, or damaged.
    """
    groups = []
    for chosen in card.get('second_reader') or ():
        is_classifier = set(chosen['models']) <= set(bundled_names(CLASSIFIER))
        load = load_candidate_classifiers if is_classifier else load_roi_head_readers
        groups.append(load(chosen['models'], chosen['weight'], device, engine, threads, precision))
    return SecondReader(groups) if groups else None
