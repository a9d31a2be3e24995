"""Settings that cannot be are refused before a slide is opened."""

import pytest

from mitos_mmdet.slides.settings import SlideSettings


@pytest.mark.parametrize('wrong, words', [
    (dict(threshold=45), 'threshold=45: give a number from 0 to 1'), (dict(threshold=float('nan')), 'threshold=nan'),
    (dict(min_tissue=50), 'min_tissue=50'), (dict(hotspot_area_mm2=0), 'hotspot area 0'), (dict(hotspot_shape='square'), "shape 'square'"),
    (dict(outputs='csv'), "'c' is none. Give a tuple of csv"), (dict(outputs=('json', )), "'json' is none")])
def test_what_cannot_be_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        SlideSettings(**wrong)
    with pytest.raises(ValueError, match=words):
        SlideSettings().but(**wrong)
