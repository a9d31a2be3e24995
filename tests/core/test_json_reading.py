import pytest

from mitos_mmdet.core.json_reading import read_json


def test_an_exponent_beyond_decimals_is_one_line(tmp_path):
    (tmp_path / 'a.json').write_text('[0.1e99999999999999999999]')
    with pytest.raises(ValueError, match=r'a\.json: has a number'):
        read_json(tmp_path / 'a.json', decimals=True)
