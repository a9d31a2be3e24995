"""Commands that read a config, told to write where they read: one line, and everything is as it was."""

import shutil

import pytest
from mmengine.config import Config

from mitos_mmdet.cli import browse
from mitos_mmdet.cli import test as test_command
from mitos_mmdet.cli.config_flags import read_config
from mitos_mmdet.cli.test import parse_args
from mitos_mmdet.cli.train import _check_start
from mitos_mmdet.cli.train import main as train

CONFIG = 'configs/mitos/small/cascade_rcnn_r18_small_sample.py'


@pytest.fixture
def data(sample, tmp_path):
    """A copy of the sample."""
    shutil.copytree(sample, tmp_path / 'data')
    return tmp_path / 'data'


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def refused(main, data, *words, match):
    before = everything(data)
    with pytest.raises(ValueError, match=match):
        main([str(word) for word in words])
    assert everything(data) == before


def test_browse(data):
    image = next((data / 'tiles_train' / 'images').iterdir())
    picture = image.with_name('mine.png')
    picture.write_bytes(b'mine')
    refused(browse.main, data, CONFIG, '--data-root', f'{data}/', '--out', picture, match=r'^--out .* in the input folder')


@pytest.mark.parametrize('option', ['out_json', 'show_dir'])
def test_outputs_that_the_config_names(data, option, tmp_path):
    config = Config.fromfile(CONFIG)
    truth = data / config.test_dataloader.dataset.ann_file
    target = truth if option == 'out_json' else data / 'images'
    (tmp_path / 'weights.pth').write_bytes(b'')
    refused(test_command.main, data, CONFIG, tmp_path / 'weights.pth', '--data-root', f'{data}/', '--work-dir', tmp_path / 'work',
            '--cfg-options', f'test_evaluator.{option}={target}', match=rf'^{option} .*(is an input|input folder)')


def test_the_config_in_its_own_work_dir_is_not_written_over(tmp_path):
    """``mitos test work_dirs/x/x.py`` as mmdet's users do: mmengine would dump the changed config over it."""
    (tmp_path / 'x').mkdir()
    Config.fromfile(CONFIG).dump(tmp_path / 'x' / 'x.py')
    inside, outside = (read_config(parse_args([str(tmp_path / 'x' / 'x.py'), '--work-dir', str(tmp_path / name)])) for name in ('x', 'y'))
    assert inside.filename is None and outside.filename == str(tmp_path / 'x' / 'x.py')


def test_weights_to_start_from_in_the_work_dir(data, tmp_path):
    work = tmp_path / 'work'
    work.mkdir()
    (work / 'epoch_1.pth').write_bytes(b'weights')
    refused(train, work, CONFIG, '--data-root', f'{data}/', '--work-dir', work, '--cfg-options', f'load_from={work / "epoch_1.pth"}',
            match=r'epoch_1\.pth: lies in the work dir of this training')
    cfg = Config.fromfile(CONFIG)
    weights = dict(type='Pretrained', checkpoint=f'{work}/epoch_1.pth')
    cfg.merge_from_dict({'work_dir': str(work), 'model.detector.backbone.init_cfg': weights})
    with pytest.raises(ValueError, match='lies in the work dir'):
        _check_start(cfg)
    cfg.work_dir = str(tmp_path / 'other')
    _check_start(cfg)
