"""``SecondReader``: another network's opinion of what a detector found."""

from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled
from mitos_mmdet.model_zoo.config_facts import stain_settings
from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.stain import StainNormalizer

if TYPE_CHECKING:
    import torch

KIND = 'second reader'
_CROP_PX = 96  # ours: 29 um; 128 px gave the same scores
_BOX_UM = 6.82  # MITOS-RCNN paper: boxes of 30 px, here of MITOS-ATYPIA-14's frames
_LEAST_SCORE = 0.2  # ours: with the bundled weight and threshold, what scores less cannot come to count


class SecondReader:
    """Scores a place by the detection network (RoI head) of a two-stage detector, for a box of one size around it.

    Two detectors of different kinds make different mistakes; the mean of their scores ranks better than either (docs/model_card.md).
    The proposals are the first detector's, so the second looks at small crops around them alone.

    Args:
        detector: mmdet two-stage detector with its weights, in evaluation mode.
        label: Of the mitotic class.
        name, sha256: Of the bundled model.
        um_per_px: Pixel size of the crops that it wants.
        weight: Share of its score in the mean, 0 to 1.
        normalizer: ``StainNormalizer`` that its crops are to pass, or None.
    """

    crop_size, least_score = _CROP_PX, _LEAST_SCORE
    estimate_stain, prepare = LoadedModel.estimate_stain, LoadedModel.prepare

    def __init__(self, detector: 'torch.nn.Module', label: int, name: str, sha256: str, um_per_px: float, weight: float,
                 normalizer: StainNormalizer | None = None):
        import torch

        self.name, self.sha256, self.um_per_px, self.weight, self.normalizer = name, sha256, um_per_px, weight, normalizer
        self._detector, self._label = detector.to(memory_format=torch.channels_last), label  # a quarter less time on a CPU

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Probability ``(N,)`` float64 of a mitotic figure in the middle of each crop.

        Args:
            crops: uint8 ``(N, crop_size, crop_size, 3)`` RGB at ``um_per_px``, as ``prepare`` gives them.
        """
        import torch

        head, side = self._detector.roi_head, _BOX_UM / self.um_per_px
        low, high = (self.crop_size - side) / 2, (self.crop_size + side) / 2
        with torch.inference_mode():
            weights = next(self._detector.parameters())
            pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(weights.device).permute(0, 3, 1, 2).to(weights.dtype)
            process = self._detector.data_preprocessor
            maps = self._detector.extract_feat((pixels - process.mean) / process.std)
            boxes = pixels.new_tensor([[image, low, low, high, high] for image in range(len(crops))]).reshape(-1, 5)
            features = head.bbox_roi_extractor(maps[:head.bbox_roi_extractor.num_inputs], boxes)
            return head.bbox_head(features)[0].softmax(dim=1)[:, self._label].double().cpu().numpy()

    def mean(self, scores: np.ndarray, opinions: np.ndarray) -> np.ndarray:
        """The weighted mean of a detector's scores and of this reader's."""
        return (1 - self.weight) * scores + self.weight * opinions


def load_second_reader(card: dict, device: str = 'cpu') -> SecondReader | None:
    """The second reader that a bundled detector's card names under ``second_reader``; None where it names none.

    Raises:
        ValueError: It is not there, or damaged.
    """
    chosen = card.get('second_reader')
    if chosen is None:
        return None
    from mmengine.config import Config

    from mitos_mmdet.model_zoo.networks.weights_in import build_detector

    bundled = find_bundled(chosen['model'], KIND)
    digest = check_sha256(bundled.checkpoint, bundled.card['sha256'])
    cfg = Config.fromfile(str(bundled.config))
    detector, classes = build_detector(cfg, bundled.config, bundled.checkpoint, tuple(bundled.card['classes']))
    stain = stain_settings(cfg)
    normalizer = stain and StainNormalizer.to_look_like(stain['target'], stain['method'])
    return SecondReader(detector.to(device), classes.index(MITOSIS), bundled.name, digest, float(bundled.card['um_per_px']),
                        float(chosen['weight']), normalizer)
