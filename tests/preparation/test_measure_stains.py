"""Stains of images and of cases, in an annotation file."""

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.preparation.measure_stains import measure_stains


@pytest.mark.parametrize('without', [dict(), dict(case_id=None), dict(case_id='')])
def test_an_image_without_a_case_is_a_case_of_its_own(tmp_path, without):
    rng, images = np.random.default_rng(0), []
    for number, colour in enumerate([(190, 120, 190), (150, 90, 200), (210, 120, 160), (170, 100, 170), None]):
        pixels = np.full((80, 80, 3), 255) if colour is None else colour + rng.integers(-60, 1, (80, 80, 1)) * (1, 2, 0.5)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / f'{number}.png')
        images.append(dict(id=number + 1, file_name=f'{number}.png', width=80, height=80,
                           **(dict(case_id='one') if number < 2 else without)))
    write_json(dict(images=images, annotations=[], categories=categories()), tmp_path / 'own.json')
    content, skipped = measure_stains(tmp_path / 'own.json', tmp_path, by='case')
    stains = [image['stain'] for image in content['images']]
    assert stains[0] == stains[1]
    alone = [image['stain'] for image in measure_stains(tmp_path / 'own.json', tmp_path)[0]['images']]
    assert stains[2:] == alone[2:] and alone[0] != stains[0] != stains[2] != stains[3]
    assert [name for name, _ in skipped] == ['4.png']
