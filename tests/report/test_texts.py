"""Numbers and names as a reader sees them."""

import math

import pytest

from mitos_mmdet.evaluation.bootstrap import Estimate
from mitos_mmdet.report.texts import interval, number, several, short_names, with_interval


@pytest.mark.parametrize(('value', 'shown'), [
    (0.5674, '0.567'), (-0.25, '−0.250'), (-0.0001, '0.000'), (math.nan, '–'), (None, '–'), (12.0, '12.000'),
])
def test_number(value, shown):
    assert number(value) == shown


def test_interval():
    assert interval(Estimate(0.5, 0.25, 0.75), 2) == '0.25 to 0.75' and with_interval(Estimate(0.5, 0.25, 0.75), 1) == '0.5 (0.2 to 0.8)'
    assert interval(Estimate(0.5)) == '–' and with_interval(Estimate(0.5)) == '0.500' and with_interval(Estimate(math.nan)) == '–'


def test_several():
    assert [several(count, 'frame') for count in (0, 1, 1234)] == ['0 frames', '1 frame', '1,234 frames']


@pytest.mark.parametrize(('names', 'short'), [
    (['/a/H05/x.jpg', '/a/H05/y.jpg'], ['x', 'y']),
    (['01/01.tif', '01/02.tif', '02/01.tif'], ['01/01', '02', '02/01']),  # TUPAC16 numbers images within cases
    (['x.jpg', 'x.png'], ['x.jpg', 'x.png']),  # stems alike
    (['C:\\data\\x.jpg'], ['x']),
    (['case 3.5'], ['case 3.5']),  # no extension
    (['', 'a'], ['', 'a']),
    (['same', 'same'], ['same', 'same']),
])
def test_short_names(names, short):
    found = short_names(names)
    assert [found[name] for name in names] == short
