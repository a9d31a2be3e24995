"""Grade tables at their borders."""

import pytest

from mitos_mmdet.slides.grade import RULES, grade, veterinary_count


@pytest.mark.parametrize('rule, area, counts', [
    # counts: the last of score 1, the first and the last of score 2, the first of score 3, over the rule's own area.
    ('mitos-rcnn', 2.0, (9, 10, 19, 20)),  # 0-9, 10-19, >19 per 10 HPF
    ('tupac16', 2.0, (11, 12, 22, 23)),  # 0-11, 12-22, >=23
    ('mm2', 1.0, (3, 4, 7, 8)),  # <=3, 4-7, >=8 per mm2
    ('field-0.274', 2.74, (9, 10, 19, 20)),  # <10, 10-19, >=20 in 10 fields of 0.274 mm2
])
def test_borders_of_the_classes(rule, area, counts):
    assert [grade(count, area, rule).score for count in (0, *counts, 1000)] == [1, 1, 2, 2, 3, 3]
    # The same borders over another area.
    assert [grade(10 * count, 10 * area, rule).score for count in counts] == [1, 2, 2, 3]


@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('area, tissue, graded', [
    (0.999, None, False), (1.0, None, True), (1.001, None, True),
    (2.0, 0.999, False), (2.0, 1.0, True), (2.0, 1.001, True),  # half a window of tissue is enough
    (2.0, 0.99999999, True),  # what rounding makes of half a window
    (0.5, 1.0, False),
])
def test_a_score_needs_a_square_millimetre_of_tissue(rule, area, tissue, graded):
    found = grade(30, area, rule, tissue)
    assert (found.score is not None, found.scaled is not None, found.not_graded is None) == (graded, ) * 3
    content = found.as_dict()
    assert (content['count'], content['area_mm2'], content['score'] is None) == (30, area, not graded)


def test_between_whole_numbers_the_lower_class_holds():
    # 7 in 2 mm2 are 3.5 per mm2, 15 are 7.5.
    assert [grade(count, 2.0).score for count in (6, 7, 8, 14, 15, 16)] == [1, 1, 2, 2, 2, 3]
    assert 'belongs to the lower one: score 2 begins at 4.0, score 3 at 8.0' in RULES['mm2'].between


def test_rounding_of_the_area_never_decides():
    # 4 per mm2 exactly, over areas such as 0.1 * 3 * 10 = 3.0000000000000004 mm2.
    assert {grade(4 * number, 0.1 * number * 10).score for number in range(1, 60)} == {2}


@pytest.mark.parametrize('rule', RULES)
def test_area_and_classes_are_always_stated(rule):
    found = grade(14, 1.9, rule)
    assert '14 in 1.9 mm²' in found.sentence
    assert f'{RULES[rule].area_mm2:.4g} mm²' in found.as_dict()['between']
    assert str(RULES[rule].from_3) in found.as_dict()['classes']


@pytest.mark.parametrize('area, shown', [(0, '0'), (0.1317, '0.132'), (0.9996, '0.999')])  # never "1 mm², at least 1 mm² is needed"
def test_without_a_score_the_reason_is_stated(area, shown):
    assert grade(0, area).not_graded == f'not graded: the area is {shown} mm², at least 1 mm² of tissue is needed'
    found = grade(0, area, tissue_mm2=area)
    assert found.not_graded == f'not graded: {shown} mm² of tissue, at least 1 mm² is needed'
    assert found.sentence == f'breast, per mm²: –, {found.not_graded}'


def test_veterinary_count():
    assert veterinary_count(0, 0) is None
    assert veterinary_count(10, 2.0) == pytest.approx(11.85)


@pytest.mark.parametrize('wrong', [dict(count=-1, area_mm2=1), dict(count=1, area_mm2=-2), dict(count=1, area_mm2=float('nan')),
                                   dict(count=1, area_mm2=2, tissue_mm2=-1),
                                   dict(count=1, area_mm2=1, rule='nottingham')])
def test_wrong_input_is_refused(wrong):
    with pytest.raises(ValueError, match='must be|unknown'):
        grade(**wrong)
