"""Proliferation scores of a mitotic count: 1, 2 or 3 by published classes.

A count means nothing without its area: "10 high-power fields" are 1.26 to 3.74 mm2, depending on the microscope (Cree 2021). Each rule
therefore states the area its classes assume; a count over another area is scaled to it, and the printed sentence says so. Scaled up from
little tissue, a count says nothing: below ``LEAST_TISSUE_MM2`` there is no score by any rule, only the reason why.

This is research software. A score of it is not a diagnosis.
"""

import math
from dataclasses import dataclass

DISCLAIMER = 'Research software, not a diagnosis.'
LEAST_TISSUE_MM2 = 1.0  # Ours: half of the contests' 2 mm2.


@dataclass(frozen=True)
class GradeRule:
    """Classes of a count.

    Attributes:
        name: Key, as ``'mm2'``.
        title: What it is, for people.
        area_mm2: Area that the classes are given for.
        unit: Of the scaled count, as ``'per mm²'``.
        from_2, from_3: The least count of score 2 and of score 3.
        source: Where the classes come from.
        assumed: Whether the source leaves the area open, and ``area_mm2`` is our assumption.
    """
    name: str
    title: str
    area_mm2: float
    unit: str
    from_2: int
    from_3: int
    source: str
    assumed: bool = False

    @property
    def classes(self) -> str:
        """The classes in words."""
        return (f'score 1: up to {self.from_2 - 1}, score 2: {self.from_2} to {self.from_3 - 1}, '
                f'score 3: {self.from_3} or more {self.unit}')

    @property
    def between(self) -> str:
        """What decides between whole numbers: the classes are given for whole counts, a scaled count is none."""
        return (f'scaled to {self.area_mm2:.4g} mm², a count may lie between two classes and then belongs to the lower one: '
                f'score 2 begins at {self.from_2}.0, score 3 at {self.from_3}.0')


RULES = {rule.name: rule for rule in (
    # HL7's code system of the breast, score 1 up to 3, 2 for 4 to 7, 3 from 8 per mm2.
    GradeRule('mm2', 'breast, per mm²', 1.0, 'per mm²', 4, 8, 'HL7 code system for the mitotic count of breast carcinoma'),
    GradeRule('tupac16', 'TUPAC16, per 10 HPF', 2.0, 'per 10 HPF (2 mm²)', 12, 23,
              'TUPAC16 paper; 10 HPF taken as 2 mm², the size of its regions', True),
    GradeRule('mitos-rcnn', 'MITOS-RCNN, per 10 HPF', 2.0, 'per 10 HPF (2 mm²)', 10, 20,
              'MITOS-RCNN paper; it names no field size, 2 mm² is our assumption', True),
    GradeRule('field-0.274', '10 fields of 0.274 mm²', 2.74, 'per 10 fields of 0.274 mm²', 10, 20,
              'field-of-view table: below 10, 10 to 19, 20 or more'),
)}
VETERINARY_MM2 = 2.37  # Donovan 2021: the mitotic count of veterinary pathology is the number in 2.37 mm2; it has no general classes.


@dataclass(frozen=True)
class Grade:
    """A score, or why there is none.

    Attributes:
        rule: ``GradeRule``.
        count: Mitotic figures.
        area_mm2: Area counted.
        scaled: The count scaled to the rule's area; None without a score.
        score: 1 to 3; None where too little tissue was counted.
        not_graded: Why there is no score, as ``'not graded: 0.13 mm² of tissue, at least 1 mm² is needed'``; None with a score.
    """
    rule: GradeRule
    count: int
    area_mm2: float
    scaled: float | None
    score: int | None
    not_graded: str | None = None

    @property
    def sentence(self) -> str:
        """The score with its area and its rule."""
        if self.score is None:
            return f'{self.rule.title}: –, {self.not_graded}'
        return (f'{self.rule.title}: score {self.score} ({self.count} in {self.area_mm2:.3g} mm², {self.scaled:.3g} {self.rule.unit})')

    def as_dict(self) -> dict:
        """As plain types, for JSON."""
        rule = self.rule
        return dict(rule=rule.name, title=rule.title, sentence=self.sentence, score=self.score, not_graded=self.not_graded,
                    count=self.count, area_mm2=self.area_mm2, scaled=self.scaled, unit=rule.unit, assumed_area_mm2=rule.area_mm2,
                    classes=rule.classes, between=rule.between, source=rule.source)


def grade(count: int, area_mm2: float, rule: str | GradeRule = 'mm2', tissue_mm2: float | None = None) -> 'Grade':
    """Scores a count where enough tissue was counted; this is the one place that decides it.

    A count between two classes, which only scaling makes, belongs to the lower one.

    Args:
        count: Mitotic figures counted, at least 0.
        area_mm2: Over this area.
        rule: A key of ``RULES``, or a ``GradeRule``.
        tissue_mm2: Tissue in this area; None: not known, so the area decides. Below ``LEAST_TISSUE_MM2`` there is no score.

    Returns:
        Grade.

    Raises:
        ValueError: An unknown rule, a negative count or an area that is not one.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            raise ValueError(f"grading rule {rule!r} is unknown. Choose one of {', '.join(RULES)}")
        rule = RULES[rule]
    if count < 0 or not math.isfinite(count):
        raise ValueError(f'count {count} must be at least 0')
    least = area_mm2 if tissue_mm2 is None else min(area_mm2, tissue_mm2)
    for area in (area_mm2, least):
        if area < 0 or not math.isfinite(area):
            raise ValueError(f'area {area} mm2 must be at least 0')
    # Rounded, since half of a window of 2 mm2 may be 0.99999999; shown so that what is too little never reads as enough.
    if round(least, 6) < LEAST_TISSUE_MM2:
        shown, needed = f'{min(least, 0.999):.3g} mm²', f'at least {LEAST_TISSUE_MM2:g} mm²'
        why = (f'not graded: the area is {shown}, {needed} of tissue is needed' if tissue_mm2 is None
               else f'not graded: {shown} of tissue, {needed} is needed')
        return Grade(rule, int(count), float(area_mm2), None, None, why)
    # Rounded, so that 8 in 2 mm2 is 4 and not 3.9999999.
    scaled = round(count * rule.area_mm2 / area_mm2, 9)
    return Grade(rule, int(count), float(area_mm2), scaled, 1 + (scaled >= rule.from_2) + (scaled >= rule.from_3))


def veterinary_count(count: int, area_mm2: float) -> float | None:
    """The count scaled to 2.37 mm2 (Donovan 2021), None where no area was counted."""
    return None if area_mm2 == 0 else round(count * VETERINARY_MM2 / area_mm2, 9)
