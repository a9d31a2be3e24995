import json
import os
import signal
import subprocess
import sys

import pytest

from mitos_mmdet.core.output_folder import claimed, locked

HOLDS = """
import sys, time
from mitos_mmdet.core.output_folder import claimed
with claimed(sys.argv[1], 'mark.json', dict(size=1), 'tiles'):
    print('claimed', flush=True)
    time.sleep(60)
"""


def names(folder):
    return sorted(path.name for path in folder.rglob('*'))


def fill(folder, **settings):
    with claimed(folder, 'mark.json', settings, 'tiles') as out:
        (out / 'tile.png').write_text('x')


def test_a_folder_is_marked_and_completed(tmp_path):
    fill(tmp_path / 'out', size=(5, 6))
    fill(tmp_path / 'out', size=(5, 6))
    assert names(tmp_path / 'out') == ['mark.json', 'tile.png']
    assert json.loads((tmp_path / 'out' / 'mark.json').read_text()) == dict(size=[5, 6])


@pytest.mark.parametrize('content', ['[]', 'x', '{"size": 2}', '[' * 100000, '{}'])
def test_other_settings_and_what_is_no_mark(tmp_path, content):
    (tmp_path / 'mark.json').write_text(content)
    with pytest.raises(ValueError, match='(other settings|not the settings).*another output folder'):
        fill(tmp_path, size=1)
    assert names(tmp_path) == ['mark.json']


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(ValueError, match=r'not of this tool \(notes\.txt'):
        fill(tmp_path)
    assert names(tmp_path) == ['notes.txt']


def test_a_second_run_is_told_and_a_killed_one_is_no_obstacle(tmp_path):
    first = subprocess.Popen([sys.executable, '-c', HOLDS, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert first.stdout.readline() == b'claimed\n'
        with pytest.raises(ValueError, match=rf'another run is writing there \(process {first.pid} on .*Wait until'):
            fill(tmp_path, size=1)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert '.lock' in names(tmp_path)
    (tmp_path / '.tile.png.0.part').write_text('half')
    fill(tmp_path, size=1)
    assert names(tmp_path) == ['mark.json', 'tile.png']


def test_within_one_process_too(tmp_path):
    with locked(tmp_path / 'out'), pytest.raises(ValueError, match='another run'), locked(tmp_path / 'out'):
        pass
    assert not (tmp_path / 'out').exists()


def test_a_run_that_writes_nothing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), claimed(tmp_path / 'out', 'mark.json', {}, 'tiles') as out:
        (out / 'images' / 'deep').mkdir(parents=True)
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('x')
    with pytest.raises(ValueError, match='file/out: cannot be written'):
        fill(tmp_path / 'file' / 'out')


def test_a_folder_that_another_run_removes_in_between_is_made_again(tmp_path, monkeypatch):
    """A run that fails on a slide removes its empty folder while another, which waits for it, has just found it there."""
    real, tried = os.open, []

    def removed_at_first(path, *more):
        tried.append(path)
        if len(tried) == 1:
            (tmp_path / 'out').rmdir()
        return real(path, *more)
    monkeypatch.setattr(os, 'open', removed_at_first)
    with locked(tmp_path / 'out'):
        assert (tmp_path / 'out').is_dir()
    assert len(tried) == 2
    assert names(tmp_path) == []
