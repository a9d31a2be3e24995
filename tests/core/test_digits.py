import pytest

from mitos_mmdet.core.digits import rounded


@pytest.mark.parametrize('value, text', [(None, '–'), (0.0, '0'), (4, '4'), (12345, '12,345'), (0.12816, '0.128'), (0.004567, '0.00457'),
                                         (1.0, '1.00'), (15.666, '15.7'), (1234.5, '1,234'), (-0.5, '-0.500')])
def test_three_digits(value, text):
    assert rounded(value) == text
