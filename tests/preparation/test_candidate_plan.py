from collections import Counter

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import check_coco
from mitos_mmdet.preparation.candidate_plan import (
    FIGURE,
    NEGATIVE,
    NEITHER,
    CandidateSettings,
    candidates_json,
    judge_candidates,
    plan_patches,
    summarise,
)

RADIUS = Length.parse('30px')


@pytest.mark.parametrize(('centres', 'truth', 'kinds', 'missed'), [
    ([], [], [], []),  # nothing at all
    ([], [[50, 50]], [], [True]),  # no candidate
    ([[50, 50]], [], [NEGATIVE], []),  # no figure
    ([[50, 80], [50, 81]], [[50, 50]], [FIGURE, NEGATIVE], [False]),  # exactly at the radius, and just beyond
    ([[60, 50], [52, 50]], [[50, 50]], [NEITHER, FIGURE], [False]),  # the nearest is the hit, the other no negative
    ([[50, 50]], [[50, 50], [60, 50]], [FIGURE], [False, True]),  # one candidate over two mitotic figures hits one
    ([[50, 50], [70, 50]], [[50, 50], [70, 50]], [FIGURE, FIGURE], [False, False]),  # two figures near each other
])
def test_kinds_of_candidates(centres, truth, kinds, missed):
    found = judge_candidates(np.array(centres).reshape(-1, 2), np.array(truth).reshape(-1, 2), RADIUS)
    assert found[0].tolist() == kinds and found[1].tolist() == missed


def test_a_radius_in_um_wants_the_pixel_size():
    centre, truth = [[50, 80]], [[50, 50]]
    assert judge_candidates(centre, truth, Length.parse('7.5um'), (0.1, 0.25))[0].tolist() == [FIGURE]  # 30 px along y
    assert judge_candidates(centre, truth, Length.parse('7.5um'), (0.25, 0.3))[0].tolist() == [NEGATIVE]
    with pytest.raises(ValueError, match='H05.tiff has no usable pixel size'):
        judge_candidates(centre, truth, Length.parse('7.5um'), None, 'H05.tiff')


def frame(index, figures, candidates, labels=None):
    """A frame as ``plan_patches`` takes it: figures and candidates by their centres."""
    boxes = [[x - 5, y - 5, x + 5, y + 5] for x, y in candidates]
    instances = [dict(centroid=list(centre), bbox_label=label)
                 for centre, label in zip(figures, labels or [0] * len(figures), strict=True)]
    info = dict(img_path=f'frames/{index}.tiff', um_per_px=[0.25, 0.25], scanner='XR', case_id=f'case {index}', instances=instances)
    return index, info, boxes, [0.5 + 0.001 * place for place in range(len(boxes))]


ROW = [(200 + 40 * place, 300) for place in range(50)]
FRAMES = [
    frame(0, [(100, 100), (100, 200)], [(104, 100), *ROW]),  # a hit, a miss, 50 negatives
    frame(1, [], ROW[:7]),  # negatives alone
    frame(3, [(300, 100), (240, 300)], [(300, 90), (300, 101), (240, 300)], labels=[0, 1]),  # a hard negative is none
]


@pytest.mark.parametrize(('settings', 'figures', 'negatives'), [
    (dict(), 3, 48),  # the paper's ratio
    (dict(hits_only=True), 2, 32),  # without those missed
    (dict(negatives=1), 3, 3),
    (dict(negatives=None), 3, 58),  # all
    (dict(negatives=100), 3, 58),  # fewer than allowed
])
def test_at_most_so_many_negatives_for_each_figure(settings, figures, negatives):
    patches, counts = plan_patches(FRAMES, CandidateSettings('30px', **settings))
    assert Counter(patch.figure for patch in patches) == {True: figures, False: negatives}
    assert counts == Counter(frames=3, candidates=61, figures=3, missed=1, neither=1, figure_patches=figures, negatives=58, kept=negatives)


def test_patches_say_where_from():
    patches, _ = plan_patches(FRAMES, CandidateSettings('30px', negatives=None))
    first, missed = patches[:2]
    assert (first.index, first.centre, first.figure, first.score, first.name) == (0, (104.0, 100.0), True, 0.5, '00000_0000.png')
    assert (missed.centre, missed.figure, missed.score) == ((100, 200), True, None)
    assert [patch.index for patch in patches] == sorted(patch.index for patch in patches)
    assert len({patch.name for patch in patches}) == len(patches)
    # Of the last frame: the hit, not the candidate beside it, and the labelled hard negative as a negative.
    assert [(patch.centre, patch.figure) for patch in patches if patch.index == 3] == [((300, 101), True), ((240, 300), False)]


def test_the_draw_is_the_seeds():
    first, again, other = (plan_patches(FRAMES, CandidateSettings('30px', negatives=4, seed=seed))[0] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize('frames', [[], FRAMES[1:2], [frame(0, [(100, 100)], [])]])
def test_without_figures_there_is_nothing_to_learn(frames):
    with pytest.raises(ValueError, match='hits one of the .* lower its threshold'):
        plan_patches(frames, CandidateSettings('30px', hits_only=True))


@pytest.mark.parametrize('settings', [dict(radius='30'), dict(patch_size=0), dict(negatives=0), dict(negatives=-3)])
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError, match='30|patch|negatives'):
        CandidateSettings(**dict(dict(radius='30px'), **settings))


def test_annotation_file():
    settings = CandidateSettings('30px', patch_size=64, negatives=2)
    patches, counts = plan_patches(FRAMES, settings)
    content = candidates_json(patches, {index: info for index, info, *_ in FRAMES}, ('nucleus', 'other'), settings)
    check_coco(content, 'candidates.json')
    assert [category['name'] for category in content['categories']] == ['nucleus', 'hard negative']
    image, annotation = content['images'][0], content['annotations'][0]
    assert image == dict(id=1, file_name='00000_0000.png', width=64, height=64, labelled=True, frame='0.tiff', centre=[104.0, 100.0],
                         score=0.5, um_per_px=[0.25, 0.25], scanner='XR', case_id='case 0')
    assert annotation == dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 64, 64], area=4096, iscrowd=0, centroid=[32, 32])
    assert Counter(annotation['category_id'] for annotation in content['annotations']) == {1: 3, 2: 6}
    assert summarise(counts, settings) == [
        '3 frames, 61 candidates: 2 of 3 mitotic figures hit within 30px, 1 missed (added), 1 more candidates beside them (left out)',
        '9 patches of 64 px: 3 of mitotic figures, 6 of 58 negatives']
    without = dict(counts, negatives=0, kept=0)
    assert summarise(without, settings)[-1].startswith('without negatives phase two learns to call everything a mitotic figure')
