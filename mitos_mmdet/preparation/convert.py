"""The whole way from a contest's files to annotation files, without writing any."""

import inspect
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mitos_mmdet.contests import contest_module
from mitos_mmdet.contests.measure import drop_outside, measure_frames
from mitos_mmdet.evaluation.places import check_not_in_corner
from mitos_mmdet.preparation.own_labels import KINDS
from mitos_mmdet.preparation.own_labels.read import read as read_own_labels
from mitos_mmdet.preparation.splits import absent_cases, deals_by_fractions, some, split_frames
from mitos_mmdet.preparation.to_coco import make_info, to_coco


@dataclass
class Conversion:
    """What came of it.

    Attributes:
        contents: COCO json by split; without a split the one key is None.
        frames: The frames behind them, by split.
        skipped: ``[(what, reason), ...]``: bad frames and labels, left out.
        notes: Lines that the user should read.
    """

    contents: dict
    frames: dict
    skipped: list
    notes: list = field(default_factory=list)


def convert(contest: str, root: str | Path, images: str | Path | None = None, split: str | None = None, seed: int = 0,
            box_size: str | None = None, allow_missing: bool = False, **options: Any) -> 'Conversion':
    """Reads a contest, measures its images, splits it by case.

    Args:
        contest: A name of ``CONTESTS``, or of ``own_labels.KINDS`` for labels of one's own.
        root: The contest's folder or one of its annotation files.
        images: Folder of the images, where it is another.
        split: A split's name, fractions or case lists, as ``split_frames`` takes them; None: no split.
        seed: Of splits by fractions.
        box_size: Side of the boxes, as ``'50px'``; None: the contest's default.
        allow_missing: Take sizes from labels or contest where images are missing.
        **options: ``labels`` (AMIDA13, TUPAC16), ``csv`` (MIDOG), ``um_per_px``, ``class_map``, ``case`` and ``unlabelled`` (own labels);
            None counts as not given.

    Returns:
        Conversion: Nothing was written yet.

    Raises:
        ValueError: Bad input as a whole; single bad frames and labels are in ``skipped``.
    """
    read, named_splits = _reader(contest)
    options = {name: value for name, value in options.items() if value is not None}
    for name, value in options.items():
        if name not in inspect.signature(read).parameters:
            raise ValueError(f'--{name.replace("_", "-")} {value}: {contest} has no such choice. Leave it out')
    reading = read(root, images=images, **options)
    _check_any(reading.frames, reading.skipped, root)
    frames, bad_frames, missing = measure_frames(reading.frames, reading.image_root, allow_missing)
    skipped = reading.skipped + bad_frames
    _check_any(frames, skipped, root)
    frames, bad_labels, hints = drop_outside(frames)
    if not any(frame.labels for frame in frames):
        raise ValueError(f'{root}: no mitotic figure and no hard negative in any of {len(frames)} frames. Give labels that hold some')
    if contest in KINDS:
        placed = [(label.centroid, frame.size) for frame in frames for label in frame.labels if frame.size]
        xy, sizes = np.array(placed, float).reshape(-1, 2, 2).swapaxes(0, 1)
        check_not_in_corner(xy, sizes, root)
    notes = [f'read as {reading.contest}; file names are relative to {reading.image_root}', *reading.notes, *hints]
    if missing:
        notes.append(f'{missing} of {len(frames)} images are missing: their sizes come from the '
                     f'{"labels" if reading.frames[0].exact_size else "contest (nominal)"}')
    nominal = 0 if contest in KINDS else _nominal_sizes(reading.frames, frames)  # own labels state real ones
    if nominal:
        notes.append(f'{nominal} of {len(frames)} images state no um/px of their own: the nominal one is taken (MIDOG: by a region of '
                     f'2 mm2 at 4:3)')
    known = named_splits | reading.splits
    splits, more = _split(frames, split, known, seed)
    box_size = box_size or reading.default_box
    told = dict(box_size=box_size or 'outlines') | {name: str(options[name]) for name in ('labels',) if name in options}
    told |= {} if split is None else dict(split_rule=split) | (dict(seed=seed) if deals_by_fractions(frames, split, known) else {})
    contents = {name: to_coco(chosen, make_info(reading.contest, split=name, **told), box_size)
                for name, chosen in splits.items()}
    return Conversion(contents, splits, skipped + bad_labels, notes + more)


def _reader(contest):
    """The function that reads, and the splits that are known by name."""
    if contest in KINDS:
        return partial(read_own_labels, contest), {}
    module = contest_module(contest)
    return module.read, module.SPLITS


def _nominal_sizes(before, after):
    """Of how many frames the pixel size could have been the file's and is not."""
    nominal = {frame.file_name: frame.um_per_px for frame in before if frame.tags_win and frame.um_per_px is not None}
    return sum(nominal.get(frame.file_name) == frame.um_per_px for frame in after if frame.file_name in nominal)


def _check_any(frames, skipped, root):
    if frames:
        return
    if not skipped:
        raise ValueError(f'{root}: holds no frames. Give the folder of the contest or one of its annotation files')
    what, reason = skipped[0]
    raise ValueError(f'{what}: {reason}. Nothing is left: all {len(skipped)} frames were rejected')


def _split(frames, rule, named, seed):
    if rule is None:
        return {None: frames}, []
    splits, left = split_frames(frames, rule, named, seed)
    notes, absent = [], absent_cases(frames, rule, named)
    if left:
        labelled = {frame.slide or frame.case_id for frame in frames if frame.labelled}
        notes.append(f'in no split: {len(left)} cases, {len(set(left) - labelled)} of them unlabelled ({some(left)})')
    if absent:
        notes.append(f'split {rule} also names {len(absent)} cases that are not here ({some(absent)})')
    return splits, notes
