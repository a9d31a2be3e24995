import pytest

from mitos_mmdet.core.console import one_line, report_skipped, run


def fails(error):
    def main():
        raise error
    return main


@pytest.mark.parametrize('result, status', [(None, 0), (0, 0), (3, 3)])
def test_the_status_is_what_main_returns(result, status):
    with pytest.raises(SystemExit) as stop:
        run(lambda: result)
    assert stop.value.code == status


@pytest.mark.parametrize('error, line', [
    (ValueError('frames.json: not JSON\n  at line 3'), 'error: frames.json: not JSON at line 3\n'),  # one line, whatever it was
    (FileNotFoundError(2, 'No such file or directory', 'a.csv'), "error: [Errno 2] No such file or directory: 'a.csv'\n"),
    (PermissionError(13, 'Permission denied', 'out'), "error: [Errno 13] Permission denied: 'out'\n"),
])
def test_the_users_errors_are_one_line_and_status_2(capsys, error, line):
    with pytest.raises(SystemExit) as stop:
        run(fails(error))
    assert stop.value.code == 2
    assert capsys.readouterr() == ('', line)


def test_an_empty_argument_is_refused(capsys, monkeypatch):
    monkeypatch.setattr('sys.argv', ['mitos', 'detect', 'a.png', '--out', ''])
    with pytest.raises(SystemExit) as stop:
        run(lambda: 0)
    assert stop.value.code == 2 and 'error: an argument is empty: a variable that is not set' in capsys.readouterr().err


def test_faults_of_the_code_keep_their_traceback():
    with pytest.raises(KeyError):
        run(fails(KeyError('centroid')))


def test_ctrl_c_and_a_closed_pipe_end_quietly(capsys):
    for error, status in ((KeyboardInterrupt(), 130), (BrokenPipeError(), 0)):
        with pytest.raises(SystemExit) as stop:
            run(fails(error))
        assert stop.value.code == status
    assert 'Traceback' not in capsys.readouterr().err


def test_skipped_items_are_counted_and_listed(capsys):
    report_skipped([])
    assert capsys.readouterr() == ('', '')
    report_skipped([(f'{number}.png', 'truncated') for number in range(5)], most=3)
    out, err = capsys.readouterr()
    assert out == '' and err.splitlines() == ['skipped 5:', '  0.png: truncated', '  1.png: truncated', '  2.png: truncated',
                                              '  ... and 2 more']


def test_strict_makes_skipping_an_error():
    report_skipped([], strict=True)
    with pytest.raises(ValueError, match=r'a\.png: empty\. Fix it, or run without --strict'):
        report_skipped([('a.png', 'empty')], strict=True)
    with pytest.raises(ValueError, match=r'a\.png: empty \(and 1 more\)'):
        report_skipped([('a.png', 'empty'), ('b.png', 'empty')], strict=True)


def test_a_message_stays_readable_whatever_a_file_puts_into_it():
    text = one_line(ValueError('file.json: the name ' + 'x' * 5000 + ' is odd. Rename it'))
    assert len(text) < 1300 and text.startswith('file.json: the name xxx') and text.endswith(' is odd. Rename it')
    assert one_line(ValueError('a\x1b[31m\nb\u202e')) == 'a\\x1b[31m b\\u202e'
