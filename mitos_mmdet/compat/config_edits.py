"""Edits of mmengine configs that are plain dicts and lists: they work on a ``Config`` and on its content alike."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmengine.config import Config

PHASES = ('phase_one_checkpoint', 'phase_two_checkpoint')  # of TwoPhaseDetector


def dicts_in(part: Any) -> Iterator:
    """Every dict in a nest of dicts and lists, outermost first."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for item in part:
            yield from dicts_in(item)


def datasets_in(part: Any) -> Iterator:
    """The datasets of a dataloader, those joined by a ``ConcatDataset`` included."""
    return (found for found in dicts_in(part) if 'ann_file' in found)


def metrics_in(evaluator: Any, kind: str = 'CentroidMetric') -> list:
    """The evaluators of a type, among one or several."""
    return [part for part in dicts_in(evaluator) if part.get('type') == kind]


def set_data_root(dataset: Any, root: str) -> None:
    """Gives a dataset another ``data_root``, which also holds for the files below the old one that its transforms name.

    Args:
        dataset: Its config, changed in place.
        root: The folder.
    """
    if old := str(dataset.get('data_root') or '').rstrip('/'):
        dataset.update(_moved(dict(dataset), old, root))
    dataset['data_root'] = root


def _moved(part, old, new):
    if isinstance(part, dict):
        return {key: new if key == 'data_root' and str(value).rstrip('/') == old else _moved(value, old, new)
                for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_moved(item, old, new) for item in part)
    return str(Path(new, part[len(old) + 1:])) if isinstance(part, str) and part.startswith(f'{old}/') else part


def brings_weights(cfg: 'Config') -> bool:
    """Whether the config's model names the checkpoints that it is made of."""
    return all(cfg.model.get(key) for key in PHASES)


def checkpoints_in(cfg: 'Config') -> list:
    """The paths of all checkpoints that a config loads: ``load_from``, pretrained parts, phases."""
    parts = list(dicts_in(cfg.get('model')))
    names = [cfg.get('load_from'), *(part.get(key) for part in parts for key in ('checkpoint', *PHASES))]
    return [name for name in names if isinstance(name, str)]


def set_from_scratch(cfg: 'Config') -> None:
    """Drops every pretrained weight of the config and every checkpoint it names, and trains what they would have frozen."""
    for part in dicts_in(cfg.model):
        part.update({key: None for key in PHASES if key in part})
        if isinstance(part.get('init_cfg'), dict) and part['init_cfg'].get('type') == 'Pretrained':
            part['init_cfg'] = None
            if 'frozen_stages' in part:
                part['frozen_stages'] = -1
            if 'norm_eval' in part:
                part['norm_eval'] = False


def set_classes(cfg: 'Config', names: Sequence[str]) -> None:
    """Makes a config detect these classes: in every dataset, and in every part of the model that counts them.

    Args:
        cfg: A config.
        names: Class names as the annotation files have them, headline first.
    """
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for dataset in datasets_in(cfg.get(loader)):
            dataset['metainfo'] = {**(dataset.get('metainfo') or {}), 'classes': tuple(names)}
    for part in dicts_in(cfg.model):
        if 'num_classes' in part:
            part['num_classes'] = len(names)
