"""mmdet's own, unmodified tools/train.py and tools/test.py on our config, after ``python -m mitos_mmdet.compat install``."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/mitos/small/cascade_rcnn_r18_small_sample.py'


@pytest.fixture(scope='module')
def run_mmdet(tmp_path_factory):
    """``run_mmdet('train.py', ...)`` in a process whose mmcv is a copy, so that the stand-in is not written into the real one."""
    site = tmp_path_factory.mktemp('site')
    mmcv = Path(importlib.util.find_spec('mmcv').origin).parent
    shutil.copytree(mmcv, site / 'mmcv', ignore=shutil.ignore_patterns('__pycache__'))
    tools = Path(importlib.util.find_spec('mmdet').origin).parent / '.mim' / 'tools'

    def run(*command):
        done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, cwd=site, timeout=900,
                              env={**os.environ, 'PYTHONPATH': str(site), 'CUDA_VISIBLE_DEVICES': '-1'})
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    compiled = any((mmcv / f'_ext{suffix}').exists() for suffix in importlib.machinery.EXTENSION_SUFFIXES)
    if not compiled:
        run('-m', 'mitos_mmdet.compat', 'install')
    return lambda name, *flags: run(tools / name, *flags)


def options(sample):
    data = [f'{loader}.dataset.data_root={sample}/' for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    return ['--cfg-options', *data, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=4',
            'train_dataloader.dataset.indices=4', 'model.tile_size=256', 'model.overlap=64',
            *(f'{loader}_dataloader.{key}' for loader in ('train', 'val', 'test') for key in ('num_workers=0', 'persistent_workers=False'))]


def test_train_and_test(run_mmdet, sample, tmp_path):
    text = run_mmdet('train.py', CONFIG, '--work-dir', tmp_path, *options(sample))
    assert 'centroid/f1' in text and (tmp_path / 'epoch_1.pth').is_file()
    text = run_mmdet('test.py', CONFIG, tmp_path / 'epoch_1.pth', '--work-dir', tmp_path, '--out', tmp_path / 'found.pkl', *options(sample))
    assert '4 frames scored' in text and (tmp_path / 'found.pkl').is_file()
