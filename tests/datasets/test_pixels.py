import numpy as np
import pytest

from mitos_mmdet.stain import DEFAULT_TARGETS

pytestmark = pytest.mark.usefixtures('mmdet_scope')
STEPS = (dict(type='NormalizeStain'), dict(type='RandomStain', prob=1.0), dict(type='RandomStainTransfer'),
         dict(type='RandomScanner', light=(1.0, 0.1)), dict(type='ResizeToPixelSize', um_per_px=0.25))


@pytest.mark.parametrize('step', STEPS, ids=lambda step: step['type'])
def test_behind_a_transform_that_leaves_floats_the_error_says_what_to_do(step):
    from mmcv.transforms import Compose

    image = np.random.default_rng(0).integers(100, 200, (64, 64, 3), dtype=np.uint8)
    results = dict(img=image, img_shape=(64, 64), img_path='a.png', um_per_px=(0.5, 0.5), stain=DEFAULT_TARGETS['macenko'].to_dict())
    assert Compose([step, dict(type='ColourJitter')])(dict(results))['img'].dtype == np.float32
    with pytest.raises(ValueError, match=rf"a\.png: {step['type']} gets float32 and needs uint8. Put it before ColourJitter"):
        Compose([dict(type='ColourJitter'), step])(results)
