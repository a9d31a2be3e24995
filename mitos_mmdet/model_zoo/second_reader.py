"""``SecondReader``: the opinion of other networks of what a detector found."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled
from mitos_mmdet.model_zoo.config_facts import detector_config, stain_settings
from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.stain import StainNormalizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mitos_mmdet.model_zoo.networks.middle_scores import MiddleScores

KIND = 'second reader'
_CROP_PX = 96  # ours: 29 um; 128 px gave the same scores
_BOX_UM = 6.82  # MITOS-RCNN paper: boxes of 30 px, here of MITOS-ATYPIA-14's frames
_LEAST_SCORE = 0.2  # ours: what scores less is seldom a mitotic figure


class SecondReader:
    """Scores a place by the detection networks (RoI heads) of two-stage detectors, for a box of one size around it.

    Detectors of different kinds make different mistakes; the mean of their scores ranks better than any (docs/model_card.md).
    The proposals are the first detector's, so the others look at small crops around them alone.

    Args:
        networks: ``MiddleScores`` of each detector's mitotic class, for boxes of 6.82 um.
        name, sha256: Of the bundled models.
        um_per_px: Pixel size of the crops that they want.
        weight: Share of their mean score in the whole mean, 0 to 1.
        normalizer: ``StainNormalizer`` that their crops are to pass, or None.
    """

    crop_size, least_score = _CROP_PX, _LEAST_SCORE
    estimate_stain, prepare = LoadedModel.estimate_stain, LoadedModel.prepare

    def __init__(self, networks: 'Sequence[MiddleScores]', name: str, sha256: str, um_per_px: float, weight: float,
                 normalizer: StainNormalizer | None = None):
        self.name, self.sha256, self.um_per_px, self.weight, self.normalizer = name, sha256, um_per_px, weight, normalizer
        self._networks = networks

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Probability ``(N,)`` float64 of a mitotic figure in the middle of each crop, the mean of all networks.

        Args:
            crops: uint8 ``(N, crop_size, crop_size, 3)`` RGB at ``um_per_px``, as ``prepare`` gives them.
        """
        return np.mean([network(crops) for network in self._networks], axis=0)

    def mean(self, scores: np.ndarray, opinions: np.ndarray) -> np.ndarray:
        """The weighted mean of a detector's scores and of this reader's."""
        return (1 - self.weight) * scores + self.weight * opinions


def load_second_reader(card: dict, device: str = 'cpu', engine: str = 'torch', threads: int | None = None,
                       precision: str = 'float32') -> SecondReader | None:
    """The second reader that a bundled detector's card names under ``second_reader``; None where it names none.

    Args:
        card: Of the detector.
        device: Where torch runs.
        engine: ``'openvino'`` or ``'torch'``.
        threads, precision: Of OpenVINO, as for ``load_model``.

    Raises:
        ValueError: A network is not there, or damaged.
    """
    chosen = card.get('second_reader')
    if chosen is None:
        return None
    from mmengine.config import Config

    from mitos_mmdet.model_zoo.networks.middle_scores import MiddleScores
    from mitos_mmdet.model_zoo.networks.weights_in import build_detector

    networks, digests = [], []
    for name in chosen['models']:
        bundled = find_bundled(name, KIND)
        digests.append(check_sha256(bundled.checkpoint, bundled.card['sha256']))
        cfg = Config.fromfile(str(bundled.config))
        detector, classes = build_detector(cfg, bundled.config, bundled.checkpoint, tuple(bundled.card['classes']))
        key = f"{bundled.card['sha256']} {detector_config(cfg)}"
        features = _features(detector.to(device), engine, key, threads, precision)
        networks.append(MiddleScores(detector.roi_head, classes.index(MITOSIS), features, _BOX_UM / bundled.card['um_per_px']))
    stain = stain_settings(cfg)  # all see the same crops
    normalizer = stain and StainNormalizer.to_look_like(stain['target'], stain['method'])
    return SecondReader(networks, ' and '.join(chosen['models']), hashlib.sha256(' '.join(digests).encode()).hexdigest(),
                        float(bundled.card['um_per_px']), float(chosen['weight']), normalizer)


def _features(detector, engine, key, threads, precision):
    from mitos_mmdet.model_zoo.networks.feature_maps import FeatureMaps, TorchFeatures

    if engine != 'openvino':
        return TorchFeatures(detector)
    from mitos_mmdet.model_zoo.networks.openvino_module import OpenVinoModule

    return OpenVinoModule(FeatureMaps(detector).eval(), key, threads, precision)
