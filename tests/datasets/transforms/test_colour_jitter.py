import numpy as np
import pytest
from mmdet.registry import TRANSFORMS

import mitos_mmdet.register  # noqa: F401

pytestmark = pytest.mark.usefixtures('mmdet_scope')


def test_channels_are_never_swapped_but_colours_change():
    # mmdet's own swaps them in half of the images: pink tissue comes out green.
    pink = np.full((8, 8, 3), (180, 90, 220), np.uint8)  # BGR
    jitter = TRANSFORMS.build(dict(type='ColourJitter', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2),
                                   hue_delta=8))
    np.random.seed(0)
    found = [jitter(dict(img=pink.copy()))['img'][0, 0] for _ in range(60)]
    assert all(red > blue > green for blue, green, red in found)
    assert len({tuple(np.round(colour)) for colour in found}) > 20
