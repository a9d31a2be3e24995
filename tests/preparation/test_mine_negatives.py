"""``mitos mine-negatives``: which detections become hard negatives, and of what file."""

import json

import numpy as np
import pytest

from mitos_mmdet.cli.mine_negatives import main
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS, categories, check_coco
from mitos_mmdet.preparation.mine_negatives import mine_negatives


def label(number, image, category, x, y):
    return dict(id=number, image_id=image, category_id=category, bbox=[x - 5, y - 5, 10, 10], area=100, iscrowd=0, centroid=[x, y])


@pytest.fixture
def frames(tmp_path):
    """Frames ``one``, with a label of each class, ``two``, without any, and ``three``, which nobody looked at; 0.25 um/px."""
    images = [dict(id=number, file_name=f'{name}.png', width=400, height=300, um_per_px=[0.25, 0.25], labelled=name != 'three')
              for number, name in enumerate(('one', 'two', 'three'), start=1)]
    content = dict(info=dict(contest='made up'), images=images, categories=categories(),
                   annotations=[label(1, 1, 1, 100, 100), label(7, 1, 2, 200, 100)])
    write_json(content, tmp_path / 'frames.json')
    return tmp_path


def write_found(folder, *lines):
    (folder / 'found.csv').write_text('\n'.join(['image,x,y,score', *lines]) + '\n')
    return folder / 'found.csv'


def mined_of(content):
    return [(each['image_id'], *each['centroid'], each['mined']) for each in content['annotations'] if 'mined' in each]


def test_false_positives_alone_are_added(frames):
    found = write_found(frames, 'one.png,100,132,0.9', 'one.png,100,132.1,0.8', 'one.png,230,100,0.7', 'one.png,300,200,0.24',
                        'two.png,10,290,0.25', 'three.png,50,50,0.9')
    content, counts, _ = mine_negatives(frames / 'frames.json', found, radius='8um')  # 32 px
    assert mined_of(content) == [(1, 100, 132.1, 0.8), (2, 10, 290, 0.25)]
    assert dict(counts) == {'mined before': 0, 'labelled frames': 2, 'detections': 4, 'on mitotic figures': 1, 'on other labels': 1,
                            'mined': 2, 'frames': 2}
    check_coco(content, 'mined')
    added = content['annotations'][2:]
    assert [each['id'] for each in added] == [8, 9] and {each['category_id'] for each in added} == {2}
    assert added[1]['bbox'] == [0, 265, 35, 35]  # 50 px, cut at the border
    assert list(content['info']) == ['mined_negatives', 'contest'] and content['info']['mined_negatives']['number'] == 2


def test_of_detections_near_each_other_the_best_is_taken(frames):
    found = write_found(frames, 'two.png,100,100,0.5', 'two.png,130,100,0.9', 'two.png,160,100,0.6', 'two.png,190,100,0.7')
    content, *_ = mine_negatives(frames / 'frames.json', found, radius='8um')
    assert mined_of(content) == [(2, 130, 100, 0.9), (2, 190, 100, 0.7)]


def test_a_second_round_leaves_what_the_first_one_mined(frames):
    found = write_found(frames, 'two.png,100,100,0.5')
    content, *_ = mine_negatives(frames / 'frames.json', found)
    write_json(content, frames / 'once.json')
    again, counts, _ = mine_negatives(frames / 'once.json', write_found(frames, 'two.png,101,100,0.9', 'two.png,300,100,0.9'))
    assert mined_of(again) == [(2, 100, 100, 0.5), (2, 300, 100, 0.9)]
    assert (counts['mined before'], counts['mined']) == (1, 1) and len(again['info']) == len(content['info'])


@pytest.mark.parametrize(('known', 'expected'), [
    ([dict(id=2, name=MITOSIS)], [(2, MITOSIS), (3, HARD_NEGATIVE)]),
    ([dict(id=0, name=MITOSIS)], [(0, MITOSIS), (2, HARD_NEGATIVE)]),
    ([dict(id=1, name=MITOSIS), dict(id=5, name='non-mitosis')], [(1, MITOSIS), (5, 'non-mitosis')])])
def test_categories_of_another_file(frames, known, expected):
    content = json.loads((frames / 'frames.json').read_text())
    content.update(categories=known, annotations=[label(1, 1, known[0]['id'], 100, 100)])
    write_json(content, frames / 'frames.json')
    mined, *_ = mine_negatives(frames / 'frames.json', write_found(frames, 'two.png,100,100,0.5'))
    assert [(each['id'], each['name']) for each in mined['categories']] == expected
    assert mined['annotations'][-1]['category_id'] == expected[-1][0]


def test_detections_without_scores_count(frames):
    (frames / 'found.csv').write_text('image,x,y\ntwo.png,100,100\n')
    assert mined_of(mine_negatives(frames / 'frames.json', frames / 'found.csv')[0]) == [(2, 100, 100, 1)]


def test_command(frames, capsys):
    found = write_found(frames, 'one.png,100,100,0.9', 'one.png,50,200,0.6')
    main([str(frames / 'frames.json'), str(found), '--out', str(frames / 'mined.json')])
    assert capsys.readouterr().out.splitlines()[:2] == [
        'note: 1 of 3 frames, for example two.png, have no detections: their 0 mitotic figures are missed',
        '2 mitotic figures detected in 2 labelled frames: 1 on labelled ones, 0 on other labels, 1 mined in 1 frame']
    assert mined_of(json.loads((frames / 'mined.json').read_text())) == [(1, 50, 200, 0.6)]
    main([str(frames / 'frames.json'), str(found), '--out', str(frames / 'mined.json')])  # its own output may be replaced


@pytest.mark.parametrize(('flags', 'reason'), [
    (['--threshold', '0.7'], r'among 1 mitotic figures detected in 2 labelled frames with a score of 0.7 or more \(1 lie on mitotic'),
    (['--radius', '8'], "not a length: '8'"),
    (['--box-size', '0px'], "not a length: '0px'"),
    (['--out', 'frames.json'], 'is an input of this command')])
def test_refused(frames, monkeypatch, flags, reason):
    monkeypatch.chdir(frames)
    found = write_found(frames, 'one.png,100,100,0.9', 'two.png,50,60,0.6')
    before = (frames / 'frames.json').read_bytes()
    with pytest.raises(ValueError, match=reason):
        main(['frames.json', str(found), '--out', 'mined.json', *flags])
    assert not (frames / 'mined.json').exists() and (frames / 'frames.json').read_bytes() == before


def test_frames_that_nobody_labelled_are_refused(frames):
    content = json.loads((frames / 'frames.json').read_text())
    write_json(dict(content, images=[dict(image, labelled=False) for image in content['images']]), frames / 'frames.json')
    with pytest.raises(ValueError, match='none of its frames is labelled'):
        main([str(frames / 'frames.json'), str(write_found(frames, 'one.png,300,200,0.9')), '--out', str(frames / 'mined.json')])


def test_detected_hard_negatives_and_what_lies_in_a_crowd_are_left_out(frames):
    content = json.loads((frames / 'frames.json').read_text())
    content['annotations'].append(dict(label(9, 2, 1, 60, 60), bbox=[20, 20, 80, 80], iscrowd=1))
    write_json(content, frames / 'frames.json')
    (frames / 'found.csv').write_text('image,x,y,score,class\ntwo.png,90,90,0.9,mitotic figure\ntwo.png,200,200,0.9,hard negative\n'
                                      'two.png,110,90,0.9,mitotic figure\n')
    content, counts, _ = mine_negatives(frames / 'frames.json', frames / 'found.csv', radius='5px')
    assert mined_of(content) == [(2, 110, 90, 0.9)] and (counts['detections'], counts['on other labels']) == (2, 1)


def test_detections_of_other_frames_are_refused(frames):
    found = write_found(frames, 'two.png,50,60,0.6', 'four.png,50,60,0.6')
    with pytest.raises(ValueError, match='--ignore-unknown'):
        mine_negatives(frames / 'frames.json', found)
    assert len(mined_of(mine_negatives(frames / 'frames.json', found, ignore_unknown=True)[0])) == 1


def test_no_two_mined_ones_lie_within_the_radius(frames):
    rng = np.random.default_rng(0)
    places = rng.uniform((0, 0, 0.3), (400, 300, 1), (60, 3))
    found = write_found(frames, *(f'two.png,{x:.1f},{y:.1f},{score:.3f}' for x, y, score in places))
    content, counts, _ = mine_negatives(frames / 'frames.json', found)
    xy = np.array([each[1:3] for each in mined_of(content)])
    distances = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 1e9 * np.eye(len(xy))
    assert 10 < len(xy) == counts['mined'] and distances.min() > 30
