"""A bundled classifier of patches with its weights in, on torch or OpenVINO."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mitos_mmdet.model_zoo.bundled import BundledModel, check_sha256

if TYPE_CHECKING:
    import torch


def load_classifier(bundled: BundledModel, device: str = 'cpu', engine: str = 'torch', threads: int | None = None,
                    precision: str = 'float32') -> 'Callable[[torch.Tensor], torch.Tensor]':
    """What gives the logits of fields, as ``PatchClassifier`` does.

    Args:
        bundled: The model; its card may name ``arch``, else it is lite0.
        device: Where torch runs.
        engine: ``'openvino'`` or ``'torch'``.
        threads, precision: Of OpenVINO, as for ``load_model``.

    Raises:
        ValueError: Its file is damaged.
    """
    from mitos_mmdet.compat.checkpoints import check_fits, read_checkpoint
    from mitos_mmdet.models.classifiers.patch_classifier import PatchClassifier

    check_sha256(bundled.checkpoint, bundled.card['sha256'])
    network = PatchClassifier(bundled.card.get('arch', 'lite0'))
    network.load_state_dict(check_fits(read_checkpoint(bundled.checkpoint), network, bundled.checkpoint))
    network.eval()
    if engine != 'openvino':
        return network.to(device)
    from mitos_mmdet.model_zoo.networks.openvino_module import OpenVinoModule

    compiled = OpenVinoModule(network, bundled.card['sha256'], threads, precision)
    return lambda fields: compiled(fields.numpy())[0]
