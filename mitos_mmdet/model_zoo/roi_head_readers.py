"""``RoiHeadReaders``: the detection networks of two-stage detectors as second readers."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled
from mitos_mmdet.model_zoo.config_facts import detector_config, stain_settings
from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.stain import StainNormalizer

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.networks.middle_scores import MiddleScores

KIND = 'second reader'
_CROP_PX = 96  # ours: 29 um; 128 px gave the same scores
_BOX_UM = 6.82  # MITOS-RCNN paper: boxes of 30 px, here of MITOS-ATYPIA-14's frames


class RoiHeadReaders:
    """Scores the middle of a crop by the RoI heads of two-stage detectors, for a box of one size.

    Args:
        networks: ``MiddleScores`` of each detector's mitotic class, for boxes of 6.82 um.
        name, sha256: Of the bundled models.
        um_per_px: Pixel size of the crops that they want.
        weight: Share of their mean score in the whole mean, 0 to 1.
        normalizer: ``StainNormalizer`` that their crops are to pass, or None.
    """

    crop_size = _CROP_PX
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


def load_roi_head_readers(models: Sequence[str], weight: float, device: str = 'cpu', engine: str = 'torch', threads: int | None = None,
                          precision: str = 'float32') -> RoiHeadReaders:
    """Bundled two-stage detectors as second readers.

    Args:
        models: Their names.
        weight, device, engine, threads, precision: As of ``RoiHeadReaders`` and ``load_second_reader``.

    Raises:
        ValueError: A network is not there, or damaged.
    """
    from mmengine.config import Config

    from mitos_mmdet.model_zoo.networks.middle_scores import MiddleScores
    from mitos_mmdet.model_zoo.networks.weights_in import build_detector

    networks, digests = [], []
    for name in models:
        bundled = find_bundled(name, KIND)
        digests.append(check_sha256(bundled.checkpoint, bundled.card['sha256']))
        cfg = Config.fromfile(str(bundled.config))
        detector, classes = build_detector(cfg, bundled.config, bundled.checkpoint, tuple(bundled.card['classes']))
        key = f"{bundled.card['sha256']} {detector_config(cfg)}"
        features = _features(detector.to(device), engine, key, threads, precision)
        networks.append(MiddleScores(detector.roi_head, classes.index(MITOSIS), features, _BOX_UM / bundled.card['um_per_px']))
    stain = stain_settings(cfg)  # all see the same crops
    normalizer = stain and StainNormalizer.to_look_like(stain['target'], stain['method'])
    return RoiHeadReaders(networks, ' and '.join(models), hashlib.sha256(' '.join(digests).encode()).hexdigest(),
                          float(bundled.card['um_per_px']), float(weight), normalizer)


def _features(detector, engine, key, threads, precision):
    from mitos_mmdet.model_zoo.networks.feature_maps import FeatureMaps, TorchFeatures

    if engine != 'openvino':
        return TorchFeatures(detector)
    from mitos_mmdet.model_zoo.networks.openvino_module import OpenVinoModule

    return OpenVinoModule(FeatureMaps(detector).eval(), key, threads, precision)
