"""A detector built from its config, with its weights in and checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from mmdet.registry import MODELS
from mmengine.registry import DefaultScope

from mitos_mmdet.compat.checkpoints import check_fits, read_checkpoint
from mitos_mmdet.datasets.coco_format import CLASSES, MITOSIS
from mitos_mmdet.model_zoo.config_facts import class_names, detector_config, normalized_model

if TYPE_CHECKING:
    from mmengine.config import Config

_MOST_IN_TILE = 1000  # Ours


def build_detector(cfg: 'Config', config: str | Path, checkpoint: str | Path, classes: Sequence[str] | None = None,
                   trust: bool = False) -> tuple:
    """The config's detector without ``TiledDetector``, for stain-normalised images, in evaluation mode on the CPU, in float32.

    Args:
        cfg: mmengine ``Config``; not changed.
        config, checkpoint: Their paths.
        classes: Names, where a model card gives them; else the checkpoint's or the config's are taken.
        trust: Also read a checkpoint that holds code.

    Returns:
        tuple: ``(detector, classes)``.

    Raises:
        ValueError: Weights that do not fit or are no finite numbers, classes that do not fit the network or lack the mitotic one.
    """
    content = read_checkpoint(checkpoint, trust)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmdet')):
        try:
            detector = MODELS.build(normalized_model(cfg))
        except Exception as error:  # a config may ask for anything
            raise ValueError(f'{config}: its model cannot be built ({type(error).__name__}: {error})') from error
    detector = detector.detector if detector_config(cfg) is not cfg['model'] else detector
    detector.load_state_dict(check_fits(content, detector, checkpoint))
    meta = content.get('meta') or {} if 'state_dict' in content else {}
    classes = classes or _names(meta.get('dataset_meta')) or class_names(cfg) or CLASSES
    _check_classes(classes, detector, checkpoint)
    _find_more(detector)
    return detector.eval().float(), tuple(classes)


def _find_more(detector):
    """Raises how many detections a tile may have: configs set it for tiles of 512 px, and a larger tile would lose some."""
    for head in (getattr(detector, 'bbox_head', None), getattr(detector, 'roi_head', None)):
        settings = getattr(head, 'test_cfg', None)
        if settings is not None and 0 < settings.get('max_per_img', 0) < _MOST_IN_TILE:
            settings.max_per_img = _MOST_IN_TILE


def _names(dataset_meta):
    """The classes of a training's data, which mmengine keeps in its checkpoints."""
    names = (dataset_meta or {}).get('classes') or (dataset_meta or {}).get('CLASSES')
    return (names, ) if isinstance(names, str) else tuple(names) if names else None


def _check_classes(classes, detector, path):
    if MITOSIS not in classes:
        raise ValueError(f"{path}: its classes are {', '.join(map(repr, classes))}, without {MITOSIS!r}. Give a model of mitotic figures")
    head = getattr(detector, 'bbox_head', None) or getattr(getattr(detector, 'roi_head', None), 'bbox_head', None)
    head = head[-1] if isinstance(head, torch.nn.ModuleList) else head
    count = getattr(head, 'num_classes', len(classes))
    if count < len(classes):
        raise ValueError(f"{path}: the network tells {count} classes apart, and its data has {len(classes)} ({', '.join(classes)}). Set "
                         f'num_classes={len(classes)} in the config')
