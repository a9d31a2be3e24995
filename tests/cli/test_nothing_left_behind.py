"""A run that cannot start says what to do and leaves no work dir."""

import re
from pathlib import Path

import pytest

from mitos_mmdet.cli import test as test_command
from mitos_mmdet.cli import train
from mitos_mmdet.datasets.how_to_get import how_to_get

CONFIGS = Path(__file__).parents[2] / 'configs' / 'mitos'


@pytest.mark.parametrize('config', ['mask_rcnn_r101_fpn_tupac16', 'two_phase_fcn_vgg16_tupac16', 'two_phase_resnet101_tupac16',
                                    'small/cascade_rcnn_r18_small_atypia14'])
def test_training_without_data(tmp_path, config):
    with pytest.raises(ValueError, match='no such file.*mitos convert.*then mitos (tile|candidates)') as error:
        train.main([str(CONFIGS / f'{config}.py'), '--work-dir', str(tmp_path / 'work'), '--data-root', str(tmp_path / 'data') + '/'])
    assert str(tmp_path / 'data') in str(error.value) and not (tmp_path / 'work').exists()


def test_two_phase_test_without_its_checkpoints(tmp_path):
    phases = [f'model.phase_{phase}_checkpoint={tmp_path}/{phase}' for phase in ('one', 'two')]
    with pytest.raises(ValueError, match='one: no such checkpoint'):
        test_command.main([str(CONFIGS / 'two_phase_tupac16.py'), '--work-dir', str(tmp_path / 'work'), '--cfg-options', *phases])
    assert not (tmp_path / 'work').exists()


@pytest.mark.parametrize(('name', 'says'), [
    ('tiles_train/tiles.json', 'Cut the tiles first: mitos tile FRAMES.json IMAGES --out {folder} '),
    ('tiles_mined/tiles.json', 'Mine .* first: mitos mine-negatives .*, then mitos tile MINED.json IMAGES --out {folder} '),
    ('tiles_normalised/tiles.json', 'Normalise the tiles first: mitos normalize TILES/tiles.json {folder} '),
    ('candidates_val/candidates.json', 'Collect the candidates of phase one first: mitos candidates .* --out {folder} '),
    ('stains_train.json', 'Measure the stains first: mitos measure-stains FRAMES.json IMAGES --out {path}, '),
    ('stains.json', 'Measure the stains first: mitos measure-stains FRAMES.json IMAGES --out {path}, '),
    ('stains_train_mined.json', 'Mine hard negatives first: mitos mine-negatives STAINS.json DETECTIONS --out {path} '),
    ('annotations_mined.json', 'Mine hard negatives first: mitos mine-negatives FRAMES.json DETECTIONS --out {path} '),
    ('annotations_val.json', 'Convert the dataset first: mitos convert CONTEST'), ('both_val.json', 'Convert the dataset first')])
def test_the_file_decides_which_command_is_named(tmp_path, name, says):
    path = tmp_path / 'data' / name
    (tmp_path / 'data').mkdir()
    assert re.match(says.format(path=path, folder=path.parent), how_to_get(path))
    (tmp_path / 'data').rmdir()
    whole = how_to_get(path)
    assert whole.startswith(f'There is no {tmp_path}/data: put ')
    commands = re.findall('mitos [a-z-]+', says)
    assert [command for command in re.findall('mitos [a-z-]+', whole) if command != 'mitos convert'] == [
        command for command in commands if command != 'mitos convert']


def test_an_absent_sample_is_drawn(tmp_path):
    assert f'run mitos make-sample {tmp_path}/sample, then mitos convert midog ' in how_to_get(tmp_path / 'sample/annotations_test.json')


def test_training_without_measured_stains(tmp_path):
    (tmp_path / 'data/atypia14').mkdir(parents=True)
    with pytest.raises(ValueError, match=r'stains_train\.json: no such file. Measure the stains first'):
        train.main([str(CONFIGS / 'rtmdet_efficientnet-lite0_atypia14.py'), '--data-root', f'{tmp_path}/data/', '--work-dir',
                    str(tmp_path / 'work')])
