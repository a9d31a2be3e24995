import os

import pytest

from mitos_mmdet.core.outputs import check_output, check_outputs, check_writable


@pytest.fixture
def data(tmp_path):
    """An input folder with one label file, which has a link and a hard link outside."""
    (tmp_path / 'data' / 'deep').mkdir(parents=True)
    labels = tmp_path / 'data' / 'deep' / 'labels.json'
    labels.write_text('{"labels": 1}')
    (tmp_path / 'link.json').symlink_to(labels)
    os.link(labels, tmp_path / 'hard.json')
    (tmp_path / 'folder_link').symlink_to(tmp_path / 'data')
    return labels


@pytest.mark.parametrize('out', ['data/deep/labels.json', 'data/deep/../deep/labels.json', 'link.json', 'hard.json',
                                 'folder_link/deep/labels.json'])
def test_an_input_is_never_replaced(data, tmp_path, out, monkeypatch):
    for source in (data, tmp_path / 'link.json', tmp_path / 'data', tmp_path / 'folder_link'):
        with pytest.raises(ValueError, match=r'^--out .*(is an input|in the input folder)'):
            check_output('--out', tmp_path / out, [None, source])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='is an input'):
        check_output('--out', out, [data])


def test_a_result_of_ours_in_an_input_folder_may_be_replaced(data, tmp_path):
    ours = tmp_path / 'data' / 'scores.json'
    check_output('--out', ours, [tmp_path / 'data'], b'our format')  # not there yet
    ours.write_text('{"format": "our format"}')
    check_output('--out', ours, [tmp_path / 'data'], b'our format')
    with pytest.raises(ValueError, match='is an input'):
        check_output('--out', ours, [ours], b'our format')
    with pytest.raises(ValueError, match='in the input folder'):
        check_output('--out', ours, [tmp_path / 'data'])


def test_a_file_elsewhere_may_be_replaced(data, tmp_path):
    (tmp_path / 'old.json').write_text('old')
    check_output('--out', tmp_path / 'old.json', [data, tmp_path / 'data', tmp_path / 'absent'])


def test_two_outputs_of_one_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_outputs({'--out': 'a.json', '--report': 'b.html', '--more': None})
    with pytest.raises(ValueError, match='--more .*the file of --out'):
        check_outputs({'--out': 'a.json', '--more': tmp_path / 'a.json'})


@pytest.mark.parametrize('out', ['', 'pipe', 'file/a.json', 'x' * 256 + '/a.json', '\0/a.json'])
def test_places_where_no_file_can_be(tmp_path, out):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'file').write_text('x')
    with pytest.raises(ValueError, match='^--out .*cannot be written there'):
        check_output('--out', tmp_path / out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['file', 'pipe']


def test_suffixes_and_folders(tmp_path):
    with pytest.raises(ValueError, match=r'not a \.html or \.htm file'):
        check_output('--report', tmp_path / 'a.json', suffixes=('.html', '.htm'))
    check_writable('--out', tmp_path / 'new' / 'deeper')
    assert not (tmp_path / 'new').exists()
