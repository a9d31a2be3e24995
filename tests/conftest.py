"""What tests of several folders share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def shared_data():
    """Folder of real contest files: ``shared/data`` beside the checkout, or ``MITOS_SHARED_DATA``. Skips where it is absent."""
    folder = Path(os.environ.get('MITOS_SHARED_DATA') or Path(__file__).resolve().parents[2] / 'shared' / 'data')
    if not folder.is_dir():
        pytest.skip(f'no real data in {folder}')
    return folder


@pytest.fixture(scope='session')
def run_tool():
    """``run_tool('train.py CONFIG ...')``: a tool in a process of its own, without a GPU, from the repository's root.

    Gives the ``subprocess.CompletedProcess`` with ``stdout`` and ``stderr`` as text; fails unless the exit status is ``expect``.
    """
    def run(command, expect=0, program=(sys.executable,), cwd=ROOT, **env):
        done = subprocess.run([*program, *f'{ROOT}/tools/{command}'.split()], cwd=cwd, capture_output=True, text=True, timeout=900,
                              env={**os.environ, 'CUDA_VISIBLE_DEVICES': '-1', **env})
        assert done.returncode == expect, f'{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}'
        return done
    return run


@pytest.fixture(scope='session')
def sample(tmp_path_factory, run_tool):
    """The built-in sample, small, converted and tiled by the tools as README says: a ``data_root`` for the sample's configs."""
    folder = tmp_path_factory.mktemp('sample')
    run_tool(f'make_sample.py {folder} --frames 8 --size 400x320')
    run_tool(f'convert_dataset.py midog {folder} --split csv --out {folder}/annotations.json')
    run_tool(f'tile_dataset.py {folder}/annotations_train.json {folder}/images --out {folder}/tiles_train --size 256 --overlap 128')
    return folder


@pytest.fixture(scope='module')
def mmdet_scope():
    """Names in configs mean mmdet's, as in a run; other tests see nothing of it."""
    from mmengine.registry import DefaultScope

    import mitos_mmdet.register  # noqa: F401

    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def run_python():
    """Runs ``python *args`` in a process of its own, with the folder ``first_on_path`` before all other packages."""
    def run(*args, first_on_path='', **env):
        paths = [str(first_on_path), os.environ.get('PYTHONPATH', '')]
        env = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=os.pathsep.join(filter(None, paths)), **env)
        return subprocess.run([sys.executable, *map(str, args)], capture_output=True, text=True, env=env, timeout=600)
    return run
