from pathlib import Path

import pytest

from mitos_mmdet.core.names import inside, name_fault, printable


@pytest.mark.parametrize('name', ['a.png', 'a/b.png', 'é.png', 'a b$.tif', 'x' * 255, '...', '.hidden', 'a..b'])
def test_fit_names(name):
    assert name_fault(name) is None
    assert inside('folder', name, 'file.json') == Path('folder', name)


@pytest.mark.parametrize('name, why', [
    ('../evil', 'leads out'), ('a/../../evil', 'leads out'), ('a\\..\\..\\evil', 'leads out'), ('..', 'leads out'),
    ('/etc/passwd', 'absolute'), ('/', 'absolute'), ('\\\\server\\share', 'absolute'), ('C:/x', 'absolute'), ('c:x', 'absolute'),
    ('.', 'empty part'), ('a/./b', 'empty part'), ('a//b', 'empty part'), ('a/', 'empty part'),
    ('', 'no file name'), (None, 'no file name'), (7, 'no file name'), (['a'], 'no file name'),
    ('a\0b', 'control'), ('a\nb', 'control'), ('\x1b[31m', 'control'), ('\ud800', 'Unicode'), ('a\u202eb', 'control'),
    ('x' * 256, '255 bytes'), ('ä' * 128, '255 bytes'), ('folder/' + 'x' * 256, '255 bytes'),
])
def test_unfit_names(name, why):
    assert why in name_fault(name)
    with pytest.raises(ValueError, match=r'^file\.json: the name .*Rename it') as error:
        inside('folder', name, 'file.json')
    assert str(error.value).isprintable()


def test_printable():
    assert printable('a\x1b[31mb\r\u202e\udcff') == 'a\\x1b[31mb\\r\\u202e\\udcff'
    assert printable('µ 漢 $') == 'µ 漢 $' and printable(Path('a')) == 'a'
