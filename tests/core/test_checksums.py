"""The checksum of a file."""

import hashlib

import pytest

from mitos_mmdet.core.checksums import sha256_of


@pytest.mark.parametrize('size', [0, 3, (1 << 20) + 1])
def test_it_is_that_of_the_whole_content(tmp_path, size):
    (tmp_path / 'a').write_bytes(b'x' * size)
    assert sha256_of(tmp_path / 'a') == hashlib.sha256(b'x' * size).hexdigest()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path, tmp_path / 'none'):
        with pytest.raises(ValueError, match=rf'{path}: cannot be read \(.*Check the path'):
            sha256_of(path)
