"""What tests of several folders share."""

import io
import os
import runpy
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Half a minute or more each, the longest first: begun last, one of them would run alone while the other processes wait.
LONGEST = ('test_docs.py', 'test_tiled_memory.py', 'test_train.py', 'test_cohort.py', 'test_examples.py', 'test_mmdet_tools.py',
           'test_engines.py', 'test_mmdet_drop_in.py', 'test_compat.py', 'test_two_phase_tools.py', 'test_tile_dataset_tool.py')


def pytest_collection_modifyitems(items):
    """The files of ``LONGEST`` before all others, in that order; the rest as collected."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope='session')
def shared_data():
    """Folder of real contest files: ``shared/data`` beside the checkout, or ``MITOS_SHARED_DATA``. Skips where it is absent."""
    folder = Path(os.environ.get('MITOS_SHARED_DATA') or Path(__file__).resolve().parents[2] / 'shared' / 'data')
    if not folder.is_dir():
        pytest.skip(f'no real data in {folder}')
    return folder


@pytest.fixture(scope='session')
def papers(shared_data):
    """``papers('mitos_rcnn_2018')``: the text of a paper beside the real data. Skips where it is absent."""
    def text(name):
        path = shared_data.parent / 'papers' / f'{name}.txt'
        return path.read_text(encoding='utf-8') if path.is_file() else pytest.skip(f'no {path}')
    return text


@pytest.fixture(scope='session')
def run_tool():
    """``run_tool('train.py CONFIG ...')``: a tool without a GPU, from the repository's root, with no trace left in this process.

    Runs in this process, which has imported mmdet already, with one thread; with ``program`` (torchrun) in processes of their own. Gives
    ``returncode``, ``stdout`` and ``stderr``; fails unless the exit status is ``expect``, or with ``expect=None`` not at all.
    """
    def run(command, expect=0, program=None, cwd=ROOT):
        words = command.split() if isinstance(command, str) else list(command)
        if program:
            done = subprocess.run([*program, f'{ROOT}/tools/{words[0]}', *words[1:]], cwd=cwd, capture_output=True, text=True, timeout=900,
                                  env={**os.environ, 'CUDA_VISIBLE_DEVICES': '-1', 'OMP_NUM_THREADS': '1'})
        else:
            done = run_in_process(words, cwd)
        if expect is None:
            return done
        assert done.returncode == expect, f'{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}'
        return done
    return run


@pytest.fixture(autouse=True)
def no_run_before(monkeypatch):
    """No test sees what a command of an earlier one has set for their process."""
    _without_run(monkeypatch)


def _without_run(patch):
    """Takes out what a command sets for its process; monkeypatch undoes it, and what a command sets from now on."""
    for name in ('LOCAL_RANK', 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'):
        patch.setenv(name, '')
        patch.delenv(name)


def run_in_process(words, cwd=ROOT):
    """Runs ``tools/WORDS[0]``, ``mitos`` or the script with that whole path, with the rest as its command line."""
    import torch

    said, complained = io.StringIO(), io.StringIO()
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained), no_trace_in_mmengine(patch):
        _without_run(patch)
        patch.setenv('CUDA_VISIBLE_DEVICES', '-1')
        patch.chdir(cwd)
        patch.setattr(sys, 'argv', words)
        torch.set_num_threads(1)
        code = 0
        try:
            if words[0] == 'mitos':
                runpy.run_module('mitos_mmdet.cli', run_name='__main__')
            else:
                runpy.run_path(str(ROOT / 'tools' / words[0]), run_name='__main__')
        except SystemExit as end:
            code = end.code
        torch.set_num_threads(threads)
    return SimpleNamespace(returncode=code, stdout=said.getvalue(), stderr=complained.getvalue())


@contextmanager
def no_trace_in_mmengine(patch):
    """Gives a run fresh loggers, visualisers and scopes, and takes them away after it."""
    from mmengine.device import utils
    from mmengine.logging import MMLogger  # noqa: F401
    from mmengine.registry import DefaultScope  # noqa: F401
    from mmengine.utils import ManagerMixin

    def managed(kind):
        return {kind, *(below for child in kind.__subclasses__() for below in managed(child))}

    patch.setattr(utils, 'DEVICE', 'cpu')
    before = {kind: dict(kind._instance_dict) for kind in managed(ManagerMixin)}
    for kind in before:
        kind._instance_dict.clear()
    try:
        yield
    finally:
        for kind in managed(ManagerMixin):
            for instance in kind._instance_dict.values():
                for handler in getattr(instance, 'handlers', ()):
                    handler.close()
            kind._instance_dict.clear()
            kind._instance_dict.update(before.get(kind, {}))


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
