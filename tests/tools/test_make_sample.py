"""tools/make_sample.py as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mitos_mmdet.sample import make_sample

TOOL = Path(__file__).parents[2] / 'tools' / 'make_sample.py'


def run(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_writes_the_sample_and_says_what(tmp_path):
    done = run(tmp_path / 'a', '--frames', 3, '--size', '160x128', '--seed', 7)
    assert done.returncode == 0, done.stderr
    assert re.search('train: 2 frames, [0-9]+ mitotic figures, [0-9]+ hard negatives', done.stdout)
    assert 'test: 1 frames' in done.stdout
    assert '3/3' in done.stderr  # the progress bar
    # Another process, the same bytes.
    make_sample(tmp_path / 'b', 3, (160, 128), seed=7, progress=False)
    for path in (tmp_path / 'a').rglob('*.*'):
        assert path.read_bytes() == (tmp_path / 'b' / path.relative_to(tmp_path / 'a')).read_bytes()


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--size', 'large'], '--size large: give width and height'), (['--size', '10x10'], 'size 10x10: each side'),
    (['--frames', '0'], '0 frames: at least 2'), (['--seed', '-3'], 'seed -3')])
def test_bad_arguments_give_one_line(tmp_path, arguments, message):
    done = run(tmp_path / 'out', *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith('error: ') and done.stderr.count('\n') == 1
    assert message in done.stderr
    assert not (tmp_path / 'out').exists()


def test_a_full_folder_is_refused(tmp_path):
    (tmp_path / 'thesis.doc').touch()
    done = run(tmp_path)
    assert done.returncode == 2
    assert '--force' in done.stderr and done.stderr.count('\n') == 1
