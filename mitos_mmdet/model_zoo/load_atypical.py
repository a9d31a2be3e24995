"""``load_atypical``: the bundled classifier that tells atypical from normal mitotic figures."""

from typing import TYPE_CHECKING

from mitos_mmdet.model_zoo.bundled import BundledModel, bundled_names, find_bundled
from mitos_mmdet.model_zoo.load_classifier import load_classifier

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch


class AtypicalClassifier:
    """Probability that a mitotic figure is atypical.

    Args:
        network: Gives the logits of fields: ``PatchClassifier`` in evaluation mode, or the same by OpenVINO.
        bundled: ``BundledModel``.
        device: Where it runs.

    Attributes:
        name, sha256: Of the bundled model.
        um_per_px, crop_size: What crops it wants, px: the mitotic figure in the centre.
    """

    def __init__(self, network: 'Callable[[torch.Tensor], torch.Tensor]', bundled: BundledModel, device: str):
        from mitos_mmdet.models.classifiers.patch_classifier import PATCH_PX, UM_PER_PX

        self.name, self.sha256 = bundled.name, bundled.card['sha256']
        self.um_per_px, self.crop_size = UM_PER_PX, PATCH_PX
        self._network, self._device = network, device

    def predict(self, crops: 'np.ndarray') -> 'np.ndarray':
        """Probabilities ``(N,)`` float64 of crops: uint8 ``(N, crop_size, crop_size, 3)`` RGB at ``um_per_px``."""
        import numpy as np
        import torch

        from mitos_mmdet.models.classifiers.patch_classifier import probabilities

        return probabilities(self._network, torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).to(self._device))


def load_atypical(device: str = 'cpu', engine: str = 'torch', threads: int | None = None) -> 'AtypicalClassifier | None':
    """The bundled classifier, or None where none comes with this installation.

    Args:
        device: Where torch runs.
        engine: ``'openvino'`` or ``'torch'``. Always in float32: the classifier is small, and its calls near 0.5 stay what they are.
        threads: Of OpenVINO; None: those this process may use.

    Raises:
        ValueError: Its file is damaged.
    """
    if not bundled_names('atypical'):
        return None
    bundled = find_bundled(kind='atypical')
    return AtypicalClassifier(load_classifier(bundled, device, engine, threads), bundled, device)
