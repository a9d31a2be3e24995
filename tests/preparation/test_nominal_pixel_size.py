import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.preparation.convert import convert


@pytest.mark.parametrize('options, nominal, um_per_px', [
    (dict(), 1, 1632.99 / 400), (dict(resolution=(40000, 40000), resolutionunit='CENTIMETER'), 0, 0.25),
    (dict(ome=True, metadata=dict(axes='YXS', PhysicalSizeX=250, PhysicalSizeXUnit='nm', PhysicalSizeY=250,
                                  PhysicalSizeYUnit='nm')), 0, 0.25),
])
def test_a_pixel_size_that_is_computed_is_told(tmp_path, options, nominal, um_per_px):
    tifffile.imwrite(tmp_path / '001.tiff', np.zeros((300, 400, 3), np.uint8), photometric='rgb', **options)
    (tmp_path / 'MIDOG.json').write_text(json.dumps(dict(
        images=[dict(id=1, file_name='001.tiff', width=400, height=300)],
        categories=[dict(id=1, name='mitotic figure'), dict(id=2, name='not mitotic figure')],
        annotations=[dict(id=1, image_id=1, category_id=1, bbox=[100, 100, 150, 150])])))
    made = convert('midog', tmp_path)
    (content, ) = made.contents.values()
    assert content['images'][0]['um_per_px'] == pytest.approx([um_per_px] * 2, rel=1e-4)
    assert sum('state no um/px of their own' in note for note in made.notes) == nominal


def test_a_pixel_size_that_own_labels_state_is_not_nominal(tmp_path):
    Image.new('RGB', (400, 300)).save(tmp_path / 'a.png')
    (tmp_path / 'own.csv').write_text('image,x,y,class,um_per_px\na.png,100,100,mitosis,0.23\n')
    made = convert('csv', tmp_path / 'own.csv')
    assert made.contents[None]['images'][0]['um_per_px'] == [0.23, 0.23]
    assert not [note for note in made.notes if 'um/px' in note]
