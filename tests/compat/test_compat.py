"""The stand-in beside fake and borrowed mmcv packages, in processes of their own: the environment's mmcv is not written to."""

import importlib.util
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

COMPAT = ('-m', 'mitos_mmdet.compat')


@pytest.fixture
def fake_mmcv(tmp_path):
    """An mmcv package that is only a folder, before the real one on ``tmp_path``."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').write_text('')
    return package


@pytest.fixture
def borrowed_mmcv(tmp_path):
    """The real mmcv by links, in a folder that may be written to."""
    real = Path(next(iter(importlib.util.find_spec('mmcv').submodule_search_locations)))
    if any(real.glob('_ext*')):
        pytest.skip('this mmcv has an _ext')
    package = tmp_path / 'mmcv'
    package.mkdir()
    for item in real.iterdir():
        (package / item.name).symlink_to(item)
    return package


def test_an_ext_of_mmcvs_own_is_left_alone(fake_mmcv, run_python):
    (fake_mmcv / '_ext.py').write_text('OWN = True\n')
    done = run_python('-c', 'import sys\nfrom mitos_mmdet import compat\nprint(compat.install(), "mmcv._ext" in sys.modules)\n'
                      'import mmcv._ext\nprint(mmcv._ext.OWN, compat.install(), "torch" in sys.modules)',
                      first_on_path=fake_mmcv.parent)
    assert done.stdout.split() == ['False', 'False', 'True', 'False', 'False'], done.stderr


def test_install_puts_the_stand_in_where_there_is_none(fake_mmcv, run_python):
    # mmengine looks for mmcv._ext with find_spec, which wants a spec.
    done = run_python('-c', 'import importlib.util\nfrom mitos_mmdet import compat\nprint(compat.install(), compat.install())\n'
                      'import mmcv._ext as ext\nprint(ext.__name__, importlib.util.find_spec("mmcv._ext") is not None)',
                      first_on_path=fake_mmcv.parent)
    assert done.stdout.split() == ['True', 'True', 'mitos_mmdet.compat.mmcv_ops', 'True'], done.stderr
    assert not list(fake_mmcv.glob('_ext*'))  # nothing written


def test_install_and_remove_by_command(borrowed_mmcv, run_python):
    first, file = borrowed_mmcv.parent, borrowed_mmcv / '_ext.py'
    # What mmdet's own tools do first, without a word of mitos_mmdet; and its register must come to the same module.
    use = ('-c', 'import torch\nfrom mmcv.ops import nms\nfrom mitos_mmdet import compat\nimport mmcv._ext, sys\n'
           'print(len(nms(torch.ones(2, 4), torch.ones(2), 0.5)[1]), compat.install(), sys.modules["mmcv._ext"].__name__)')
    assert run_python(*use, first_on_path=first).returncode != 0
    for _ in range(2):  # installing twice is once
        done = run_python(*COMPAT, 'install', first_on_path=first)
        assert (done.returncode, done.stdout) == (0, f'wrote {file}\n'), done.stderr
    done = run_python(*use, first_on_path=first)
    assert done.stdout.split() == ['2', 'True', 'mitos_mmdet.compat.mmcv_ops'], done.stderr
    assert run_python('-c', 'from mitos_mmdet import compat\nprint(compat.install())', first_on_path=first).stdout == 'True\n'
    done = run_python(*COMPAT, 'remove', first_on_path=first)
    assert (done.returncode, done.stdout) == (0, f'removed {file}\n') and not file.exists()
    done = run_python(*COMPAT, 'remove', first_on_path=first)
    assert (done.returncode, done.stdout) == (0, f'no stand-in at {file}\n')


@pytest.mark.parametrize('name', ['_ext.py', f'_ext{EXTENSION_SUFFIXES[0]}'])
def test_an_ext_that_is_not_ours_is_neither_overwritten_nor_removed(fake_mmcv, run_python, name):
    (fake_mmcv / name).write_bytes(b'# of somebody else\n')
    for action, says in (('install', 'stays as it is'), ('remove', 'no stand-in')):
        done = run_python(*COMPAT, action, first_on_path=fake_mmcv.parent)
        assert done.returncode == 0 and says in done.stdout, done.stderr
        assert [path.name for path in fake_mmcv.glob('_ext*')] == [name]
        assert (fake_mmcv / name).read_bytes() == b'# of somebody else\n'


def test_a_compiled_ext_wins_over_our_file(fake_mmcv, run_python):
    # As after a compiled mmcv was installed over ours: Python looks for compiled modules first, and install() does too.
    assert run_python(*COMPAT, 'install', first_on_path=fake_mmcv.parent).returncode == 0
    (fake_mmcv / f'_ext{EXTENSION_SUFFIXES[0]}').write_bytes(b'')
    done = run_python('-c', 'import sys\nfrom mitos_mmdet import compat\nprint(compat.install(), "mmcv._ext" in sys.modules)',
                      first_on_path=fake_mmcv.parent)
    assert done.stdout.split() == ['False', 'False'], done.stderr


def test_no_mmcv_is_one_line(run_python, tmp_path):
    # A finder that hides mmcv, before the command runs.
    hide = ('import sys\nsys.modules["mmcv"] = None\nfrom mitos_mmdet import compat\nfrom mitos_mmdet.compat.__main__ import main\n'
            'from mitos_mmdet.core.console import run\n')
    done = run_python('-c', hide + 'sys.argv = ["compat", "install"]\nrun(main)')
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr == 'error: mmcv is not installed: pip install "mitos_mmdet[onedl]"\n'
    done = run_python('-c', hide + 'compat.install()')
    assert done.stderr.splitlines()[-1] == 'ImportError: mmcv is not installed: pip install "mitos_mmdet[onedl]"'


def test_a_folder_that_cannot_be_written_is_one_line(fake_mmcv, run_python):
    (fake_mmcv / '_ext.py').symlink_to(fake_mmcv / 'nowhere' / '_ext.py')  # fails for root too, whom permissions do not stop
    done = run_python(*COMPAT, 'install', first_on_path=fake_mmcv.parent)
    assert done.returncode == 2
    assert done.stderr.startswith(f'error: {fake_mmcv}/_ext.py: cannot be written') and done.stderr.count('\n') == 1
