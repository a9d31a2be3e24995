from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.contests.reading import Label, LabelledFrame
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.preparation.summary import summary_table
from mitos_mmdet.preparation.to_coco import make_info, to_coco


def frame(name, *labels, **more):
    return LabelledFrame(name, Path(name), 'scanner', 'case', 'domain', (0.25, 0.5), (100, 80), labels=list(labels), **more)


def test_boxes_are_xywh_around_the_centroid_and_clipped():
    content = to_coco([frame('a.png', Label(MITOSIS, (50, 40), '', 0.8), Label(HARD_NEGATIVE, (0, 79), ''))], {}, '20px')
    assert [annotation['bbox'] for annotation in content['annotations']] == [[40, 30, 20, 20], [0, 69, 10, 11]]
    first, second = content['annotations']
    assert (first['category_id'], first['confidence'], first['area'], first['iscrowd']) == (1, 0.8, 400, 0)
    assert first['centroid'] == [50, 40]
    assert second['category_id'] == 2 and 'confidence' not in second and second['centroid'] == [0, 79]
    assert [category['name'] for category in content['categories']] == [MITOSIS, HARD_NEGATIVE]


def test_a_size_in_um_follows_each_axis():
    content = to_coco([frame('a.png', Label(MITOSIS, (50, 40), ''))], {}, '10um')
    assert content['annotations'][0]['bbox'] == [30, 30, 40, 20]
    with pytest.raises(ValueError, match='not a length'):
        to_coco([], {}, '50')


def test_an_outline_gives_its_own_box_area_and_polygon():
    outline = np.array([[x, y] for x in range(10, 14) for y in range(20, 23)])
    annotation = to_coco([frame('a.png', Label(MITOSIS, (11.5, 21), '', outline=outline))], {})['annotations'][0]
    assert annotation['bbox'] == [10, 20, 4, 3] and annotation['area'] == 12 and len(annotation['segmentation']) == 1


def test_images_are_sorted_by_name_and_carry_what_coco_lacks():
    frames = [frame('b.png', labelled=False), frame('a.png', Label(MITOSIS, (1, 1), ''))]
    content = to_coco(frames, make_info('X', split='val'), '9px')
    assert [image['file_name'] for image in content['images']] == ['a.png', 'b.png']
    assert content['images'][1] == dict(id=2, file_name='b.png', width=100, height=80, um_per_px=[0.25, 0.5], scanner='scanner',
                                        case_id='case', domain='domain', labelled=False)
    assert content['annotations'][0]['image_id'] == 1
    assert content['info']['contest'] == 'X' and content['info']['split'] == 'val'


def test_the_table_counts_by_split_scanner_and_domain():
    other = frame('c.png', labelled=False)
    other.scanner, other.um_per_px = 'another', None
    both = frame('a.png', Label(MITOSIS, (1, 1), ''), Label(HARD_NEGATIVE, (1, 1), ''))
    table = summary_table({'train': [both, frame('b.png'), other], 'val': [frame('d.png')]})
    rows = [line.split() for line in table.splitlines()]
    assert rows[1] == ['train', 'another', 'domain', 'unknown', '1', '1', '1', '0', '0']
    assert table.splitlines()[0].endswith('cases  mitotic figures  hard negatives')
    assert rows[2] == ['train', 'scanner', 'domain', '0.2500', 'x', '0.5000', '2', '0', '1', '1', '1']
    assert rows[3][-5:] == ['3', '1', '1', '1', '1'] and rows[3][1] == 'total'
    assert len(rows) == 5  # one group alone needs no total
