import argparse
import os

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli.__main__ import main
from mitos_mmdet.cli.pixel_limit_flag import add_pixel_limit
from mitos_mmdet.core.images import BrokenImageError, read_rgb


def test_the_flag_raises_and_lowers_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv('MITOS_MAX_MPX', '')
    Image.fromarray(np.zeros((1000, 1500, 3), np.uint8)).save(tmp_path / 'a.png')
    command = argparse.ArgumentParser()
    add_pixel_limit(command)
    command.parse_args(['--max-mpx', '1'])
    with pytest.raises(BrokenImageError, match='give --max-mpx 2'):
        read_rgb(tmp_path / 'a.png')
    command.parse_args(['--max-mpx', '2'])
    assert os.environ['MITOS_MAX_MPX'] == '2' and read_rgb(tmp_path / 'a.png').shape == (1000, 1500, 3)


@pytest.mark.parametrize('text', ['0', '-5', 'many', 'nan'])
def test_what_is_no_limit_is_refused(monkeypatch, text):
    monkeypatch.setenv('MITOS_MAX_MPX', '')
    command = argparse.ArgumentParser()
    add_pixel_limit(command)
    with pytest.raises(ValueError, match='--max-mpx'):
        command.parse_args(['--max-mpx', text])


@pytest.mark.parametrize('command', ['detect', 'calibrate', 'cohort', 'measure-stains', 'normalize', 'tile', 'browse', 'train',
                                     'candidates', 'test'])
def test_every_command_that_decodes_images_has_it(monkeypatch, command):
    monkeypatch.setenv('MITOS_MAX_MPX', '')
    with pytest.raises(ValueError, match='--max-mpx'):
        main([command, '--max-mpx', '0'])
