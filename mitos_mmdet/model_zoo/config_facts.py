"""What a config says about its model beyond the network: pixel size, tiles, stain."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.compat.config_edits import dicts_in

if TYPE_CHECKING:
    from mmengine.config import Config

_TILE_SIZE, _OVERLAP = 512, 128  # TiledDetector's own defaults
_STAIN_PREPROCESSOR = 'StainNormalizingDetDataPreprocessor'
_STAIN_ARGUMENTS = ('stain_method', 'stain_target', 'per_tile', 'channel_order')  # those that it has beside DetDataPreprocessor's


def detector_config(cfg: 'Config | dict') -> dict:
    """The detector's config, out of the ``TiledDetector`` that it may be wrapped in."""
    model = cfg['model']
    return model['detector'] if model.get('type') == 'TiledDetector' else model


def tiling(cfg: 'Config') -> tuple:
    """``(tile_size, overlap)`` in px, as the config's ``TiledDetector`` has them."""
    model = cfg['model'] if cfg['model'].get('type') == 'TiledDetector' else {}
    return model.get('tile_size', _TILE_SIZE), model.get('overlap', _OVERLAP)


def pixel_size(cfg: 'Config', path: str | Path) -> float:
    """What the network was trained at, um/px: ``ResizeToPixelSize`` of the test pipeline, else the config's ``um_per_px``.

    Raises:
        ValueError: The config does not say.
    """
    found = _step(cfg, 'ResizeToPixelSize').get('um_per_px') or cfg.get('um_per_px')
    if not found:
        raise ValueError(f'{path}: does not say at which um/px its network was trained. Add a line such as um_per_px = 0.25 to it')
    return float(found)


def stain_settings(cfg: 'Config') -> dict | None:
    """``dict(method, target)`` of the stain normalisation that test images pass, or None."""
    step = _step(cfg, 'NormalizeStain')
    if step and step.get('prob', 1.0) >= 1.0:
        return dict(method=step.get('method', 'macenko'), target=step.get('target', 'default'))
    preprocessor = detector_config(cfg).get('data_preprocessor') or {}
    if _is_stain_preprocessor(preprocessor):
        return dict(method=preprocessor.get('stain_method', 'macenko'), target=preprocessor.get('stain_target', 'default'))
    return None


def normalized_model(cfg: 'Config') -> dict:
    """The config's model for images that have passed its ``stain_settings`` already: its preprocessor does not normalise them again."""
    model = copy.deepcopy(cfg['model'])
    detector = detector_config(dict(model=model))
    preprocessor = detector.get('data_preprocessor') or {}
    if _is_stain_preprocessor(preprocessor):
        kept = {key: value for key, value in preprocessor.items() if key not in _STAIN_ARGUMENTS}
        detector['data_preprocessor'] = dict(kept, type='DetDataPreprocessor')
    return model


def test_pipeline(cfg: 'Config') -> list:
    """The transforms of test images: of the test dataloader's first dataset that has any, else ``test_pipeline``."""
    return next(filter(None, (dataset.get('pipeline') for dataset in _test_datasets(cfg))), None) or cfg.get('test_pipeline') or []


def class_names(cfg: 'Config') -> tuple | None:
    """The classes that the first of the config's test datasets with any names, or None."""
    names = next(filter(None, ((dataset.get('metainfo') or {}).get('classes') for dataset in _test_datasets(cfg))), None)
    return (names, ) if isinstance(names, str) else tuple(names) if names else None


def _is_stain_preprocessor(preprocessor):
    return str(preprocessor.get('type', '')).split('.')[-1] == _STAIN_PREPROCESSOR


def _test_datasets(cfg):
    """Every dict of the test dataloader but wrappers, ``ConcatDataset`` among them: datasets, each before its transforms."""
    return (part for part in dicts_in(cfg.get('test_dataloader')) if not {'dataset', 'datasets'} & set(part))


def _step(cfg, name):
    return next((step for step in test_pipeline(cfg) if str(step.get('type', '')).split('.')[-1] == name), {})
