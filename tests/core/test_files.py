import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from mitos_mmdet.core.files import OutputError, draft, is_regular, remove_drafts, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    with replacing(path) as file:
        file.write('µ')
        assert not path.exists()
    assert path.read_text(encoding='utf-8') == 'µ' and names(path.parent) == ['a.txt']
    assert path.stat().st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o22) or 0o22)


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), replacing(path, 'wb') as file:
        file.write(b'new')
        raise KeyboardInterrupt
    assert path.read_text() == 'old' and names(tmp_path) == ['a.txt']


@pytest.mark.parametrize('error, kind, says', [
    (OSError(errno.ENOSPC, 'No space left on device'), OutputError, r'a\.txt: cannot be written \(No space left.*Free some space'),
    (OSError(errno.EROFS, 'Read-only file system'), OutputError, r'a\.txt: cannot be written \(Read-only'),
    (OSError('encoder error -2'), ValueError, r'a\.txt: cannot be written \(encoder error'),  # Pillow's have no number
])
def test_errors_of_the_system_name_the_file(tmp_path, error, kind, says):
    with pytest.raises(kind, match=says) as raised, draft(tmp_path / 'a.txt'):
        raise error
    assert type(raised.value) is kind and names(tmp_path) == []


def test_an_error_of_another_file_stays_its_own(tmp_path):
    with pytest.raises(FileNotFoundError, match='input'), draft(tmp_path / 'a.txt'):
        (tmp_path / 'input').read_text()


@pytest.mark.parametrize('name', ['x' * 255, 'ä' * 127, 'x' * 250 + '.png'])
def test_the_longest_names_can_be_written(tmp_path, name):
    with replacing(tmp_path / name) as file:
        file.write('x')
    assert names(tmp_path) == [name]


@pytest.mark.parametrize('name', ['x' * 256, '\ud800', 'a\0b'])
def test_impossible_names_are_that_files_fault(tmp_path, name):
    with pytest.raises(ValueError) as raised, replacing(tmp_path / name):
        pass
    assert not isinstance(raised.value, OutputError) and names(tmp_path) == []


def test_what_is_no_file_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path / 'pipe', tmp_path, os.devnull):
        with pytest.raises(ValueError, match='is no file'), replacing(path):
            pass
    assert not is_regular(tmp_path / 'pipe') and not is_regular(tmp_path) and not is_regular(tmp_path / 'absent')


KILLED = """
import sys, time
from mitos_mmdet.core.files import draft
with draft(sys.argv[1]) as name:
    name.write_text('half')
    print('writing', flush=True)
    time.sleep(60)
"""


def test_a_killed_draft_is_cleaned_and_a_live_one_kept(tmp_path):
    path = tmp_path / 'a.txt'
    running = subprocess.Popen([sys.executable, '-c', KILLED, str(path)], stdout=subprocess.PIPE)
    try:
        assert running.stdout.readline() == b'writing\n'
        remove_drafts(tmp_path)
        with replacing(path) as file:
            file.write('whole')
        assert len(names(tmp_path)) == 2  # the other's draft is alive
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    with replacing(path) as file:
        file.write('again')
    assert names(tmp_path) == ['a.txt'] and path.read_text() == 'again'


def test_many_threads_write_one_file(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    def write(number):
        with replacing(tmp_path / 'a.txt') as file:
            file.write(str(number) * 1000)
            time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(10)))
    assert len(set((tmp_path / 'a.txt').read_text())) == 1 and names(tmp_path) == ['a.txt']
