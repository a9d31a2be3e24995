"""Every setting that the docs change by ``--cfg-options`` exists in the config that they speak of."""

import re
from pathlib import Path

import mmdet
import pytest
from mmdet.registry import DATASETS, TRANSFORMS
from mmengine.config import Config

import mitos_mmdet.register  # noqa: F401

ROOT = Path(__file__).parents[1]
SETTING = re.compile(r'\b((?:train|val|test)_(?:cfg|dataloader|evaluator)|model|optim_wrapper|default_hooks)((?:\.\w+)+)=')
PAGES = {
    'data.md': ['configs/mitos/cascade_rcnn_midog.py', 'configs/mitos/rtmdet_s_midog.py'],
    'mitos_rcnn.md': ['configs/mitos/mitos_rcnn_vgg16_atypia14.py', 'configs/mitos/mitos_rcnn_vgg16_icpr2012.py'],
    'mmdet_pipelines.md': [Path(mmdet.__file__).parent / '.mim/configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py'],
    'own_labels.md': ['configs/mitos/own_data.py'],
    'paper_deviations.md': ['configs/mitos/mitos_rcnn_vgg16_atypia14.py'],
    'quickstart.md': ['configs/mitos/cascade_rcnn_midog.py'],
    'results/first_models.md': ['configs/mitos/small/cascade_rcnn_r18_small_atypia14.py'],
    'two_phase.md': ['configs/mitos/two_phase_tupac16.py', 'configs/mitos/two_phase_fcn_vgg16_tupac16.py'],
}


def settings(page):
    """The dotted keys that a page sets."""
    return {''.join(parts) for parts in SETTING.findall(page.read_text(encoding='utf-8'))}


def has(cfg, key):
    """Whether a config states a dotted key, or it is an argument of a dataset or a transform that the config names."""
    *parents, name = key.split('.')
    for part in parents:
        cfg = cfg[int(part)] if isinstance(cfg, list) and int(part) < len(cfg) else cfg.get(part) if isinstance(cfg, dict) else None
        if cfg is None:
            return False
    kind = 'type' in cfg and (DATASETS.get(cfg['type']) or TRANSFORMS.get(cfg['type']))
    return name in cfg or name == '_delete_' or bool(kind and any(
        name in vars(base)['__init__'].__code__.co_varnames for base in kind.__mro__[:-1] if '__init__' in vars(base)))


def test_every_page_with_settings_is_known():
    docs = ROOT / 'docs'
    assert {str(page.relative_to(docs)) for page in docs.rglob('*.md') if settings(page)} == set(PAGES)


@pytest.mark.parametrize('name', PAGES)
def test_every_setting_exists(name):
    configs = [Config.fromfile(ROOT / config).to_dict() for config in PAGES[name]]
    unknown = [key for key in sorted(settings(ROOT / 'docs' / name)) if not any(has(cfg, key) for cfg in configs)]
    assert not unknown


def test_a_key_of_another_step_is_unknown():
    cfg = Config.fromfile(ROOT / 'configs/mitos/mitos_rcnn_vgg16_atypia14.py').to_dict()
    assert has(cfg, 'test_dataloader.dataset.pipeline.2.scale')
    assert not has(cfg, 'test_dataloader.dataset.pipeline.1.scale') and not has(cfg, 'test_dataloader.dataset.pipeline.9.scale')
