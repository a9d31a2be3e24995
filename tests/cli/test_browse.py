"""``mitos browse`` on the built-in sample."""

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import browse
from mitos_mmdet.report.training_sheet import Sample, training_sheet

GREEN = (0, 160, 80)


def test_boxes_and_masks_are_where_they_should_be():
    image = np.full((100, 200, 3), 255, np.uint8)
    sample = Sample(image, 'a.png', np.array([[20, 20, 60, 60]]), np.array([0]), [[np.array([[20, 20], [60, 20], [60, 60], [20, 60]])]])
    sheet = training_sheet([sample], ('mitotic figure', ), panels=('image', 'boxes', 'masks'), side=200)
    top = sheet.shape[0] - 200 - 6  # pictures stand in the last 200 px, before a gap
    panels = [sheet[top:top + 100, left:left + 200] for left in (6, 212, 418)]
    assert (panels[0] == 255).all()
    edge = (panels[1] == GREEN).all(axis=-1)
    rows, columns = np.nonzero(edge)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 20, 60, 60) and not edge[40, 40]
    assert (panels[2][40, 40] == 255).all() and (panels[2][80, 100] == 0).all()


@pytest.mark.parametrize('config, panels', [('small/cascade_rcnn_r18_small_sample', ['all']),
                                            ('small/mask_rcnn_r18_small_atypia14', ['image', 'boxes', 'masks'])])
def test_a_sheet_of_the_sample(sample, tmp_path, capsys, config, panels):
    arguments = [f'configs/mitos/{config}.py', '--data-root', f'{sample}/', '--samples', '3', '--columns', '3', '--side', '64',
                 '--panels', *panels]
    browse.main([*arguments, '--out', str(tmp_path / 'a.png')])
    browse.main([*arguments, '--out', str(tmp_path / 'b.png')])
    assert '3 samples' in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / 'a.png'))
    assert sheet.shape[1] == 6 + 3 * len(panels) * 70 and np.array_equal(sheet, np.asarray(Image.open(tmp_path / 'b.png')))  # seeded
    assert (sheet == GREEN).all(axis=-1).sum() > 100


def test_one_image_is_drawn_anew_each_time(sample, tmp_path):
    arguments = ['configs/mitos/small/cascade_rcnn_r18_small_sample.py', '--data-root', f'{sample}/', '--out', str(tmp_path / 'a.png')]
    browse.main([*arguments, '--samples', '2', '--columns', '2', '--side', '64', '--index', '0', '--negatives'])
    sheet = np.asarray(Image.open(tmp_path / 'a.png'))
    assert not np.array_equal(sheet[-70:-6, 6:70], sheet[-70:-6, 76:140])
    with pytest.raises(ValueError, match='--index 9999: the training set has images 0 to'):
        browse.main([*arguments, '--index', '9999'])
