"""``CandidateClassifiers``: classifiers of small patches as second readers."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mitos_mmdet.model_zoo.bundled import find_bundled
from mitos_mmdet.model_zoo.load_classifier import load_classifier
from mitos_mmdet.model_zoo.loaded_model import LoadedModel

if TYPE_CHECKING:
    import torch

KIND = 'candidate classifier'


class CandidateClassifiers:
    """Scores the middle of a crop by classifiers trained on what a detector finds. Colours stay as scanned.

    Args:
        networks: Give the logits of fields: ``PatchClassifier`` in evaluation mode, or the same by OpenVINO.
        name, sha256: Of the bundled models.
        weight: Share of their mean probability in the whole mean, 0 to 1.
        device: Where torch runs.

    Attributes:
        um_per_px, crop_size: What crops they want, px.
    """

    normalizer = None
    prepare = LoadedModel.prepare

    def __init__(self, networks: 'Sequence[Callable[[torch.Tensor], torch.Tensor]]', name: str, sha256: str, weight: float, device: str):
        from mitos_mmdet.models.classifiers.patch_classifier import FIELD_PX, UM_PER_PX

        self.um_per_px, self.crop_size = UM_PER_PX, FIELD_PX
        self.name, self.sha256, self.weight = name, sha256, weight
        self._networks, self._device = networks, device

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Probability ``(N,)`` float64 of a mitotic figure in the middle of each crop, the mean of all networks.

        Args:
            crops: uint8 ``(N, crop_size, crop_size, 3)`` RGB at ``um_per_px``.
        """
        import torch

        from mitos_mmdet.models.classifiers.patch_classifier import probabilities

        patches = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).to(self._device)
        return np.mean([probabilities(network, patches, turns=1) for network in self._networks], axis=0)


def load_candidate_classifiers(models: Sequence[str], weight: float, device: str = 'cpu', engine: str = 'torch',
                               threads: int | None = None, precision: str = 'float32') -> CandidateClassifiers:
    """Bundled classifiers of candidates as second readers.

    Args:
        models: Their names.
        weight, device, engine, threads, precision: As of ``CandidateClassifiers`` and ``load_second_reader``.

    Raises:
        ValueError: A network is not there, or damaged.
    """
    chosen = [find_bundled(name, KIND) for name in models]
    networks = [load_classifier(one, device, engine, threads, precision) for one in chosen]
    digest = hashlib.sha256(' '.join(one.card['sha256'] for one in chosen).encode()).hexdigest()
    return CandidateClassifiers(networks, ' and '.join(models), digest, float(weight), device)
