import os
from pathlib import Path

import pytest

from mitos_mmdet.core.folders import files_below, walk_once


def test_each_folder_once_however_links_lead_around(tmp_path):
    for name in 'abcdefgh':
        (tmp_path / 'top' / name).mkdir(parents=True)
        (tmp_path / 'top' / name / f'{name}.csv').touch()
    for name in 'abcdefgh':  # each links all others: following every path would take longer than anyone waits
        for other in 'abcdefgh':
            (tmp_path / 'top' / name / f'to_{other}').symlink_to(tmp_path / 'top' / other)
    (tmp_path / 'top' / 'up').symlink_to(tmp_path)
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'z.csv').touch()
    (tmp_path / 'top' / 'a' / 'linked').symlink_to(tmp_path / 'elsewhere')
    expected = sorted(['a/linked/z.csv', *(f'{name}/{name}.csv' for name in 'abcdefgh')])
    assert [path.relative_to(tmp_path / 'top').as_posix() for path in files_below(tmp_path / 'top')] == expected


def test_hidden_files_litter_and_dead_links_are_no_files(tmp_path):
    for name in ('.hidden/a.csv', '__MACOSX/a.csv', '.a.csv', 'b.csv'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'dead.csv').symlink_to(tmp_path / 'nowhere')
    (tmp_path / 'self').symlink_to('self')
    assert files_below(tmp_path) == [tmp_path / 'b.csv']


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / 'closed').mkdir()
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == 'closed':
            raise PermissionError(13, 'Permission denied', str(path))
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    with pytest.raises(ValueError, match=r'closed: cannot be read \(Permission denied\)\. Change its permissions'):
        files_below(tmp_path)
    assert [parent for parent, *_ in walk_once(tmp_path, onerror=lambda _: None)] == [str(tmp_path)]
