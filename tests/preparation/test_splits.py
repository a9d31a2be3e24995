from pathlib import Path

import pytest

from mitos_mmdet.contests.reading import LabelledFrame
from mitos_mmdet.contests.tupac16 import SPLITS
from mitos_mmdet.preparation.splits import absent_cases, deals_by_fractions, split_frames


def frames(*cases, slides=(), **more):
    slides = slides or [''] * len(cases)
    return [LabelledFrame(f'{case}_{number}.png', Path(), 'scanner', case, 'domain', slide=slide, **more)
            for case, slide in zip(cases, slides, strict=True) for number in range(3)]


def dealt(splits):
    return {split: sorted({frame.case_id for frame in chosen}) for split, chosen in splits.items()}


def test_fractions_deal_whole_cases_by_seed():
    all_frames = frames(*(f'x-{number:02d}' for number in range(20)))
    rule = 'train=0.7,val=0.15,test=0.15'
    splits, left = split_frames(all_frames, rule, {}, seed=3)
    assert {split: len(cases) for split, cases in dealt(splits).items()} == {'train': 14, 'val': 3, 'test': 3} and left == []
    assert sum(map(len, splits.values())) == 60  # every frame exactly once
    assert dealt(split_frames(all_frames[::-1], rule, {}, seed=3)[0]) == dealt(splits)  # whatever the order of frames
    assert dealt(split_frames(all_frames, rule, {}, seed=4)[0]) != dealt(splits)


def test_fractions_below_one_and_unlabelled_cases_leave_cases_over():
    all_frames = frames('x-1', 'x-2', 'x-3', 'x-4') + frames('x-5', labelled=False)
    splits, left = split_frames(all_frames, 'train=0.5,val=0.25', {})
    assert len(left) == 2 and 'x-5' in left
    assert 'x-5' not in sum(dealt(splits).values(), [])


def test_case_lists_take_ids_numbers_and_slides():
    both = frames('a-03', 'a-03', 'a-04', 'a-05', slides=('A03', 'H03', 'H04', 'H05'))
    splits, left = split_frames(both, 'train=H03+a-04,val=05', {})
    assert {frame.slide for frame in splits['train']} == {'H03', 'H04'} and left == ['A03']
    splits, _ = split_frames(both, 'train=03,val=H04', {})
    assert {frame.slide for frame in splits['train']} == {'A03', 'H03'}


@pytest.mark.parametrize('one, other', [('slide.1', 'slide.2'), ('1.2.840', '1.2.841'), ('1.5', '2.5'), ('a.b', 'c'), ('.5', 'x-1')])
def test_cases_with_dots_are_no_fractions(one, other):
    rule = f'train={one},val={other}'
    splits, _ = split_frames(frames(one, other), rule, {})
    assert dealt(splits) == {'train': [one], 'val': [other]} and not deals_by_fractions(frames(one, other), rule, {})
    assert deals_by_fractions(frames(one, other), 'train=0.5,val=0.5', {})


def test_a_case_never_stands_on_both_sides():
    both = frames('a-03', 'a-03', slides=('A03', 'H03'))
    with pytest.raises(ValueError, match='case a-03 would be in both train and val'):
        split_frames(both, 'train=A03,val=H03', {})


@pytest.mark.parametrize('rule, message', [
    ('nonsense', 'no such split. Known by name for this contest: papers'),
    ('train=99', "no case '99' .of train. among the frames. Cases here: x-1, x-2"),
    ('train=0.8,val=0.4', 'add up to at most 1'),
    ('train=0.7,val=1', 'do not mix'),
    ('train=0.7,val=x-1', 'do not mix'),
    ('train=x-1,val=slide.9', "no case 'slide.9'"),
    ('train=1.2.840,val=x-1', "no case '1.2.840'"),
    ('train=0.0,val=0.5', 'between 0 and 1'),
    ('train=1,train=2', 'not one split'),
    ('train=', 'not one split'),
    ('../x=1', 'not one split'),  # the name becomes part of a file's
    ('train=0.1,val=0.9', "no frame for 'train'"),
    ('train=0..5', 'decimal point'),
    ('train=1,,val=2', 'not one split'),
])
def test_bad_rules_are_named(rule, message):
    with pytest.raises(ValueError, match=message):
        split_frames(frames('x-1', 'x-2'), rule, {'papers': {'train': ['1']}})


def test_a_named_split_may_name_cases_that_are_not_here():
    named = {'papers': {'train': ['01', '02'], 'val': ['03']}}
    here = frames('x-01', 'x-03', 'x-04')
    splits, left = split_frames(here, 'papers', named)
    assert dealt(splits) == {'train': ['x-01'], 'val': ['x-03']} and left == ['x-04']
    assert absent_cases(here, 'papers', named) == ['02'] and absent_cases(here, 'train=01', named) == []
    with pytest.raises(ValueError, match="no frame for 'val'"):
        split_frames(frames('x-01'), 'papers', named)


def test_the_paper_s_patients_are_all_73_once():
    parts = SPLITS['mask-rcnn']
    assert {split: len(cases) for split, cases in parts.items()} == {'train': 42, 'val': 14, 'test': 17}
    assert sorted(sum(parts.values(), [])) == [f'{case:02d}' for case in range(1, 74)]
