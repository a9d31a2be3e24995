"""``mitos``: one command for every tool, light to start."""

import importlib.util
from pathlib import Path

import pytest

import mitos_mmdet
from mitos_mmdet.cli.__main__ import COMMANDS, main

TOOLS = Path(__file__).parents[2] / 'tools'


def test_help_shows_the_road_in_order(capsys):
    assert main(['--help']) == 0
    text = capsys.readouterr().out
    places = [text.index(f'\n  {name} ') for name in COMMANDS]
    assert places == sorted(places)
    assert [name for name in COMMANDS if name in ('make-sample', 'convert', 'tile', 'train', 'test', 'evaluate', 'export')] == [
        'make-sample', 'convert', 'tile', 'train', 'test', 'evaluate', 'export']
    main([])
    assert capsys.readouterr().out == text


def test_starts_without_numpy_torch_and_mmdet(run_python):
    program = ("import sys, time; start = time.perf_counter(); from mitos_mmdet.cli.__main__ import main; main(['--help']); "
               "print(time.perf_counter() - start, sorted({'numpy', 'torch', 'mmdet', 'mmengine'} & set(sys.modules)))")
    seconds, loaded = run_python('-c', program).stdout.splitlines()[-1].split(' ', 1)
    assert loaded == '[]' and float(seconds) < 1


def test_version(capsys):
    assert main(['--version']) == 0
    assert mitos_mmdet.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(('typed', 'meant'), [('tarin', 'train'), ('make_sample', 'make-sample'), ('evalute', 'evaluate'), ('xyzzy', None)])
def test_an_unknown_command_suggests_the_nearest(typed, meant):
    with pytest.raises(ValueError, match='--help lists all') as error:
        main([typed])
    assert ('Did you mean' in str(error.value)) == (meant is not None) and (meant or '') in str(error.value)


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_has_its_module_and_explains_itself(name, capsys):
    module, explained = COMMANDS[name]
    assert importlib.util.find_spec(f'mitos_mmdet.cli.{module}') and explained
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    assert end.value.code == 0 and f'usage: mitos {name}' in capsys.readouterr().out


@pytest.mark.parametrize('path', sorted(TOOLS.glob('*.py')), ids=lambda path: path.stem)
def test_tools_are_the_same_code(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 10
    assert any(f'from mitos_mmdet.cli.{module} import main' in text for module, _ in COMMANDS.values())


@pytest.mark.parametrize(('command', 'flags'), [
    # a threshold on the score, by the name of this project and by mmdet's
    ('test', ('--threshold', '--score-thr')), ('evaluate', ('--threshold', '--threshold-file')), ('export', ('--threshold',)),
    ('detect', ('--threshold',)),
    # the device and classes of whatever reads a config
    ('train', ('--device', '--classes', '--cfg-options')), ('test', ('--device', '--classes', '--cfg-options')),
    # pixel sizes
    ('evaluate', ('--um-per-px',)), ('convert', ('--um-per-px',)), ('detect', ('--um-per-px',)),
    # the kind of file of images; --format stays as an alias
    ('tile', ('--image-format', '--format')),
])
def test_one_flag_has_one_name(command, flags, capsys):
    with pytest.raises(SystemExit):
        main([command, '--help'])
    text = capsys.readouterr().out
    assert [flag for flag in flags if flag not in text] == []
