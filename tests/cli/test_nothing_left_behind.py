"""A run that cannot start says what to do and leaves no work dir."""

from pathlib import Path

import pytest

from mitos_mmdet.cli import test as test_command
from mitos_mmdet.cli import train
from mitos_mmdet.datasets.how_to_get import how_to_get

CONFIGS = Path(__file__).parents[2] / 'configs' / 'mitos'


@pytest.mark.parametrize('config', ['mask_rcnn_r101_fpn_tupac16', 'two_phase_fcn_vgg16_tupac16', 'two_phase_resnet101_tupac16',
                                    'small/cascade_rcnn_r18_small_atypia14'])
def test_training_without_data(tmp_path, config):
    with pytest.raises(ValueError, match='no such file.*mitos convert.*then mitos tile') as error:
        train.main([str(CONFIGS / f'{config}.py'), '--work-dir', str(tmp_path / 'work'), '--data-root', str(tmp_path / 'data') + '/'])
    assert str(tmp_path / 'data') in str(error.value) and not (tmp_path / 'work').exists()


def test_two_phase_test_without_its_checkpoints(tmp_path):
    phases = [f'model.phase_{phase}_checkpoint={tmp_path}/{phase}' for phase in ('one', 'two')]
    with pytest.raises(ValueError, match='one: no such checkpoint'):
        test_command.main([str(CONFIGS / 'two_phase_tupac16.py'), '--work-dir', str(tmp_path / 'work'), '--cfg-options', *phases])
    assert not (tmp_path / 'work').exists()


def test_the_file_decides_which_command_is_named(tmp_path):
    tiles = tmp_path / 'tiles_train'
    assert how_to_get(tiles / 'tiles.json').startswith(f'Cut the tiles first: mitos tile FRAMES.json IMAGES --out {tiles}')
    assert how_to_get(tmp_path / 'candidates_val/candidates.json').startswith('Collect the candidates of phase one first')
    assert how_to_get(tmp_path / 'annotations_val.json').startswith('Convert the dataset first')
    whole = how_to_get(tmp_path / 'none/tiles_train/tiles.json')
    assert f'There is no {tmp_path}/none' in whole and whole.index('mitos convert') < whole.index('mitos tile')
