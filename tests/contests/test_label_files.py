import pytest

from mitos_mmdet.contests.label_files import check_folder, read_columns, read_lines


def test_blanks_line_ends_and_a_byte_order_mark_do_not_count(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes(b'\xef\xbb\xbf1,2 \r\n\r\n  3,4,\r\n-5,6.5')
    assert read_lines(path) == [(1, '1,2'), (3, '3,4'), (4, '-5,6.5')]
    assert [values for _, values in read_columns(path, 'row,col')] == [[1, 2], [3, 4], [-5, 6.5]]


def test_an_empty_file_holds_nothing(tmp_path):
    path = tmp_path / 'a.csv'
    path.touch()
    assert read_columns(path, 'row,col') == []


@pytest.mark.parametrize('content, line, message', [
    ('1,2\nx,y\n', 2, "'x' is not a number"),  # letters, or a header
    ('1,2\n3\n', 2, '1 column, expected row,col'),  # too few
    ('1,2,3\n', 1, '3 columns, expected row,col'),  # another contest's file
    ('1;2\n', 1, "'1;2' is not a number"),
    ('1,,2\n', 1, "'' is not a number"),
    ('nan,2\n', 1, "'nan' is not a number"),
    ('inf,2\n', 1, "'inf' is not a number"),
])
def test_a_bad_line_is_named(tmp_path, content, line, message):
    path = tmp_path / 'a.csv'
    path.write_text(content)
    with pytest.raises(ValueError) as error:
        read_columns(path, 'row,col')
    assert f'{path}:{line}: ' in str(error.value) and message in str(error.value)


def test_what_is_no_text_is_named(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes(b'\xff\xd8\xff\xe0')
    with pytest.raises(ValueError, match='a.csv: is no UTF-8 text'):
        read_lines(path)


def test_a_missing_root_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match='nowhere: no such file or folder. Give the folder of this'):
        check_folder(tmp_path / 'nowhere', 'the folder of this')
