"""Bundled weights by ``mitos://NAME``, as configs name them in ``load_from``."""

import pytest
from mmengine.runner import CheckpointLoader

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.model_zoo.bundled import bundled_names


def test_the_default_model_by_name_and_without():
    named = CheckpointLoader.load_checkpoint(f'mitos://{bundled_names()[0]}')
    default = CheckpointLoader.load_checkpoint('mitos://')
    assert named['state_dict'].keys() == default['state_dict'].keys() and len(named['state_dict']) > 100


@pytest.mark.parametrize('name', bundled_names(kind=None))
def test_every_bundled_model(name):
    content = CheckpointLoader.load_checkpoint(f'mitos://{name}')
    assert len(content.get('state_dict', content)) > 100


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match='no bundled model is called .nothing.: there is rtmdet'):
        CheckpointLoader.load_checkpoint('mitos://nothing')
