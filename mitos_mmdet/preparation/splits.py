"""Splits by case, never by frame: frames of one slide look alike, and on both sides they would flatter every score."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from mitos_mmdet.contests.reading import LabelledFrame

_HOW = ("Write fractions as 'train=0.7,val=0.15,test=0.15', or case lists as 'train=03+04,val=05'")

_LIKE_A_FRACTION = re.compile(r'[0-9]*\.+[0-9]*')  # also one mistyped


def split_frames(frames: Sequence[LabelledFrame], rule: str, named: Mapping[str, dict], seed: int = 0) -> tuple:
    """Deals frames out to splits.

    Args:
        frames: List of ``LabelledFrame``.
        rule: A key of ``named``, fractions (``'train=0.7,val=0.3'``) or case lists (``'train=H03+H04,val=H05'``), whose entries
            are case ids, their last part, or slide names; a number with a decimal point is a case where it names one.
        named: ``{name: {split: {case or slide, ...}}}``; cases that are not among the frames do no harm here.
        seed: Of the shuffle behind fractions. Cases without any labelled frame go nowhere then.

    Returns:
        tuple: ``(splits, left)``: ``{split: frames}`` in the rule's order, and the sorted cases (or slides) that are in none.

    Raises:
        ValueError: An unknown rule or case, a case in two splits, or a split without frames.
    """
    cases = {frame.case_id for frame in frames}
    if rule in named:
        wanted = {split: list(entries) for split, entries in named[rule].items()}
    elif '=' in rule:
        parts = _parse(rule, named)
        if deals_by_fractions(frames, rule, named):
            labelled = {frame.case_id for frame in frames if frame.labelled}
            wanted = _by_fraction(labelled, parts, rule, seed)
        else:
            wanted = {split: value.split('+') for split, value in parts.items()}
            _check_known(wanted, frames, cases)
    else:
        raise ValueError(f'--split {rule}: no such split. Known by name for this contest: {", ".join(named) or "none"}. {_HOW}')
    splits = {split: [frame for frame in frames if _names(frame) & set(entries)] for split, entries in wanted.items()}
    _check_apart(splits, rule)
    taken = {id(frame) for chosen in splits.values() for frame in chosen}
    left = sorted({frame.slide or frame.case_id for frame in frames if id(frame) not in taken})
    return splits, left


def deals_by_fractions(frames: Sequence[LabelledFrame], rule: str, named: Mapping[str, dict]) -> bool:
    """Whether a rule of ``split_frames`` gives fractions: one of its values looks like one and is no case."""
    if rule in named or '=' not in rule:
        return False
    known = set().union(*map(_names, frames))
    return any(_LIKE_A_FRACTION.fullmatch(value) and value not in known for value in _parse(rule, named).values())


def _names(frame):
    return {frame.case_id, frame.case_id.rpartition('-')[2], frame.slide or frame.case_id}


def _parse(rule, named):
    parts = {}
    for part in rule.split(','):
        split, _, value = (word.strip() for word in part.partition('='))
        if not split.replace('_', '').replace('-', '').isalnum() or not value or split in parts:
            raise ValueError(f'--split {rule}: {part!r} is not one split and its share. {_HOW}; '
                             f'known by name for this contest: {", ".join(named) or "none"}')
        parts[split] = value
    return parts


def _by_fraction(cases, parts, rule, seed):
    if not all(re.fullmatch(r'[0-9]*\.[0-9]+', value) for value in parts.values()):
        raise ValueError(f'--split {rule}: fractions need a decimal point each, and do not mix with case lists. {_HOW}')
    fractions = {split: float(value) for split, value in parts.items()}
    if not all(0 < value <= 1 for value in fractions.values()) or sum(fractions.values()) > 1 + 1e-9:
        raise ValueError(f'--split {rule}: fractions must lie between 0 and 1 and add up to at most 1')
    order = sorted(cases)
    random.Random(seed).shuffle(order)
    wanted, share, start = {}, 0.0, 0
    for split, fraction in fractions.items():
        share += fraction
        end = round(share * len(order))
        wanted[split], start = order[start:end], end
    return wanted


def _check_known(wanted, frames, cases):
    known = set().union(*(_names(frame) for frame in frames))
    for split, entries in wanted.items():
        for entry in entries:
            if entry not in known:
                raise ValueError(f'--split: no case {entry!r} (of {split}) among the frames. Cases here: {some(cases)}')


def _check_apart(splits, rule):
    seen = {}
    for split, frames in splits.items():
        if not frames:
            raise ValueError(f'--split {rule}: no frame for {split!r}. Give more cases, or another split')
        for case in {frame.case_id for frame in frames}:
            if seen.setdefault(case, split) != split:
                raise ValueError(f'--split {rule}: case {case} would be in both {seen[case]} and {split}. Put all its slides on '
                                 f'one side')


def absent_cases(frames: Sequence[LabelledFrame], rule: str, named: Mapping[str, dict]) -> list:
    """The sorted cases of a split by name that are not among ``frames``; none for other rules."""
    known = set().union(*(_names(frame) for frame in frames))
    return sorted({entry for entries in named.get(rule, {}).values() for entry in entries} - known)


def some(cases: Iterable[str], most: int = 12) -> str:
    """The first cases by name, and how many more."""
    cases = sorted(cases)
    return ', '.join(cases[:most]) + (f' and {len(cases) - most} more' if len(cases) > most else '')
