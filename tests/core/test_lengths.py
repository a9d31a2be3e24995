import math

import pytest

from mitos_mmdet.core.lengths import Length, check_um_per_px


@pytest.mark.parametrize('text, value, unit', [
    ('7.5um', 7.5, 'um'),
    (' 8 um ', 8.0, 'um'),  # blanks
    ('8µm', 8.0, 'um'),  # micro sign
    ('8μm', 8.0, 'um'),  # Greek mu
    ('.25um', 0.25, 'um'),  # no leading zero
    ('30px', 30.0, 'px'),
])
def test_parse_reads_number_and_unit(text, value, unit):
    length = Length.parse(text)
    assert (length.value, length.unit) == (value, unit)
    assert Length.parse(length) is length
    assert Length.parse(str(length)) == length


@pytest.mark.parametrize('text', [
    '30', 30, 7.5, None,  # no unit
    'um', '', ' px',  # no number
    '0um', '-3px', 'nanum', 'infpx',  # not above zero, not finite
    '7,5um', '7.5mm', '7.5umm', '1e3px', '7.5 um 8um',  # another unit or notation
])
def test_parse_refuses_and_says_what_to_write(text):
    with pytest.raises(ValueError, match="not a length.*'7.5um' or '30px'") as error:
        Length.parse(text)
    assert repr(text) in str(error.value)


def test_to_px_along_each_axis():
    assert Length.parse('30px').to_px() == (30.0, 30.0)  # needs no pixel size
    assert Length.parse('30px').to_px((0.25, 0.5)) == (30.0, 30.0)  # and uses none
    assert Length.parse('7.5um').to_px((0.25, 0.25)) == pytest.approx((30.0, 30.0))
    assert Length.parse('7.5um').to_px([0.25, 0.5]) == pytest.approx((30.0, 15.0))  # pixels that are not square


@pytest.mark.parametrize('um_per_px', [
    None, [], [0.25], [0.25, 0.25, 0.25], 0.25, 'unknown',  # not two numbers
    ['a', 'b'], [0.25, None],
    [0, 0.25], [0.25, -1], [math.nan, 0.25], [math.inf, 0.25], [10**400, 1],  # not positive and finite
])
def test_um_without_a_pixel_size_names_the_image_and_the_mend(um_per_px):
    with pytest.raises(ValueError, match=r'frame\.tif has no usable pixel size.*7\.5um.*use a length in px'):
        Length.parse('7.5um').to_px(um_per_px, where='frame.tif')
    with pytest.raises(ValueError, match='frame'):
        check_um_per_px(um_per_px, 'frame')
