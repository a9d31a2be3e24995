"""``SecondReader``: the opinion of other networks of what a detector found."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled
from mitos_mmdet.model_zoo.config_facts import stain_settings
from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.stain import StainNormalizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

KIND = 'second reader'
_CROP_PX = 96  # ours: 29 um; 128 px gave the same scores
_BOX_UM = 6.82  # MITOS-RCNN paper: boxes of 30 px, here of MITOS-ATYPIA-14's frames
_LEAST_SCORE = 0.2  # ours: what scores less is seldom a mitotic figure


class SecondReader:
    """Scores a place by the detection networks (RoI heads) of two-stage detectors, for a box of one size around it.

    Detectors of different kinds make different mistakes; the mean of their scores ranks better than any (docs/model_card.md).
    The proposals are the first detector's, so the others look at small crops around them alone.

    Args:
        networks: ``(detector, label)``: mmdet two-stage detectors with their weights, in evaluation mode, and the label of their mitotic
            class.
        name, sha256: Of the bundled models.
        um_per_px: Pixel size of the crops that they want.
        weight: Share of their mean score in the whole mean, 0 to 1.
        normalizer: ``StainNormalizer`` that their crops are to pass, or None.
    """

    crop_size, least_score = _CROP_PX, _LEAST_SCORE
    estimate_stain, prepare = LoadedModel.estimate_stain, LoadedModel.prepare

    def __init__(self, networks: 'Sequence[tuple[torch.nn.Module, int]]', name: str, sha256: str, um_per_px: float, weight: float,
                 normalizer: StainNormalizer | None = None):
        import torch

        self.name, self.sha256, self.um_per_px, self.weight, self.normalizer = name, sha256, um_per_px, weight, normalizer
        # Channels last takes a quarter less time on a CPU.
        self._networks = [(detector.to(memory_format=torch.channels_last), label) for detector, label in networks]

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Probability ``(N,)`` float64 of a mitotic figure in the middle of each crop, the mean of all networks.

        Args:
            crops: uint8 ``(N, crop_size, crop_size, 3)`` RGB at ``um_per_px``, as ``prepare`` gives them.
        """
        return np.mean([self._opinions(detector, label, crops) for detector, label in self._networks], axis=0)

    def _opinions(self, detector, label, crops):
        import torch

        head, side = detector.roi_head, _BOX_UM / self.um_per_px
        low, high = (self.crop_size - side) / 2, (self.crop_size + side) / 2
        with torch.inference_mode():
            weights = next(detector.parameters())
            pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(weights.device).permute(0, 3, 1, 2).to(weights.dtype)
            process = detector.data_preprocessor
            maps = detector.extract_feat((pixels - process.mean) / process.std)
            boxes = pixels.new_tensor([[image, low, low, high, high] for image in range(len(crops))]).reshape(-1, 5)
            features = head.bbox_roi_extractor(maps[:head.bbox_roi_extractor.num_inputs], boxes)
            return head.bbox_head(features)[0].softmax(dim=1)[:, label].double().cpu().numpy()

    def mean(self, scores: np.ndarray, opinions: np.ndarray) -> np.ndarray:
        """The weighted mean of a detector's scores and of this reader's."""
        return (1 - self.weight) * scores + self.weight * opinions


def load_second_reader(card: dict, device: str = 'cpu') -> SecondReader | None:
    """The second reader that a bundled detector's card names under ``second_reader``; None where it names none.

    Raises:
        ValueError: A network is not there, or damaged.
    """
    chosen = card.get('second_reader')
    if chosen is None:
        return None
    from mmengine.config import Config

    from mitos_mmdet.model_zoo.networks.weights_in import build_detector

    networks, digests = [], []
    for name in chosen['models']:
        bundled = find_bundled(name, KIND)
        digests.append(check_sha256(bundled.checkpoint, bundled.card['sha256']))
        cfg = Config.fromfile(str(bundled.config))
        detector, classes = build_detector(cfg, bundled.config, bundled.checkpoint, tuple(bundled.card['classes']))
        networks.append((detector.to(device), classes.index(MITOSIS)))
    stain = stain_settings(cfg)  # all see the same crops
    normalizer = stain and StainNormalizer.to_look_like(stain['target'], stain['method'])
    return SecondReader(networks, ' and '.join(chosen['models']), hashlib.sha256(' '.join(digests).encode()).hexdigest(),
                        float(bundled.card['um_per_px']), float(chosen['weight']), normalizer)
