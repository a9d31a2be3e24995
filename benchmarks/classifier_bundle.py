"""Writes a trained ``PatchClassifier`` as the package bundles it."""

import hashlib
from pathlib import Path

import torch

from mitos_mmdet.core.json_files import write_json


def write_bundle(network: torch.nn.Module, folder: Path, name: str, **card) -> None:
    """Writes weights in half precision and their card: ``NAME.pth`` and ``NAME.json``, files of ``mitos_mmdet/model_zoo/weights``."""
    weights, state = folder / f'{name}.pth', network.cpu().state_dict()
    torch.save({key: value.half() if value.is_floating_point() else value for key, value in state.items()}, weights)
    write_json(dict(card, sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
                    limits='Human breast cancer alone; research use only; docs/model_card.md'), folder / f'{name}.json')
