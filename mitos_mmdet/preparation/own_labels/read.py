"""Pairs labels of one's own with their images: what ``convert`` takes in place of a contest's reading."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mitos_mmdet.contests.image_files import SUFFIXES
from mitos_mmdet.contests.reading import Label, LabelledFrame, Reading
from mitos_mmdet.core.folders import files_below
from mitos_mmdet.core.images import BrokenImageError, read_header
from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.datasets.coco_format import CLASSES, HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.class_names import REGIONS, class_name
from mitos_mmdet.interchange.frame_names import key_of, pair_names
from mitos_mmdet.preparation.own_labels import csv, points, yolo

IGNORE = 'ignore'
_READERS = {'csv': csv.read_labels, 'yolo': yolo.read_labels, 'qupath': lambda root: points.read_labels(root, 'qupath'),
            'coco': lambda root: points.read_labels(root, 'coco')}


def read(kind: str, root: str | Path, images: str | Path | None = None, um_per_px: float | None = None,
         class_map: Mapping[str, str] | None = None, case: str | None = None, unlabelled: str = 'leave-out') -> 'Reading':
    """Reads labels and finds their images.

    Args:
        kind: A name of ``KINDS``.
        root: The label file, or the folder of them.
        images: Folder of the images, searched at any depth; None: beside or below the labels.
        um_per_px: Pixel size of every image in um, where neither labels nor image say; it wins over both.
        class_map: ``{name in the files: 'mitotic figure' | 'hard negative' | 'ignore'}``, on top of the names that are known.
        case: Regular expression whose first group (or whole match) in the image's path is its case, such as ``'^[^_]+'``; None: the
            labels' own word, else each image is a case of its own.
        unlabelled: What an image without any label file is: ``'leave-out'`` (nobody looked) or ``'negative'`` (looked at, nothing found).

    Returns:
        Reading: As the contests' readers give it.

    Raises:
        ValueError: No labels, an unknown class, an image under two names, a pattern without a match.
    """
    root = Path(root)
    if not root.exists():
        raise ValueError(f'{root}: no such file or folder. Give the labels')
    folder = Path(images) if images is not None else root if root.is_dir() else root.parent
    if not folder.is_dir():
        raise ValueError(f'{images}: no such folder. Give the folder of the images as --images')
    if um_per_px is not None:
        check_um_per_px((um_per_px, um_per_px), f'--um-per-px {um_per_px:g}')
    found = _READERS[kind](root)
    paths = {path.relative_to(folder).as_posix(): path for path in _images(folder)}
    named = pair_names(list(paths), [its.name for its in found])
    names = _ClassNames(class_map or {})
    frames, skipped = [], []
    taken: dict[str, str] = {}
    for its in found:
        name = named.get(its.name)
        if name is None:
            skipped.append((its.where, f'no image {its.name!r} in {folder}'))
        elif its.fault:
            raise ValueError(its.fault)
        elif name in taken:
            raise ValueError(f'{its.where}: labels {name}, and so does {taken[name]}. Put the labels of one image together')
        else:
            taken[name] = its.where
            frame = _frame(its, name, paths[name], um_per_px, case, names, skipped)
            frames += [frame] if frame else []
    without = sorted(set(paths) - set(taken))
    if unlabelled == 'negative':
        frames += [_described(name, paths[name], None, um_per_px, case) for name in without]
    names.check(root)
    notes = [*names.notes(), *_notes(without, unlabelled)]
    return Reading(f'own labels ({kind})', Path(os.path.abspath(folder)), frames, skipped, notes)


def _images(folder):
    return [path for path in files_below(folder) if path.suffix.lower() in SUFFIXES]


def _frame(its, name, path, um_per_px, case, names, skipped):
    scale = (1.0, 1.0)
    if its.points and (its.relative or its.size_px):
        try:
            size = read_header(path)[:2]
        except BrokenImageError as error:
            skipped.append((str(path), str(error).removeprefix(f'{path}: ')))
            return None
        if its.relative:
            scale = size
        elif tuple(its.size_px) != size:
            skipped.append((str(path), f'it is {size[0]} x {size[1]} px, its labels were made for {its.size_px[0]} x {its.size_px[1]} px'))
            return None
    frame = _described(name, path, its, um_per_px, case)
    frame.labels = [Label(category, (x * scale[0], y * scale[1]), where) for x, y, given, where in its.points
                    if (category := names.category(given, where)) in CLASSES]
    return frame


def _described(name, path, its, um_per_px, case):
    size = um_per_px and (float(um_per_px), float(um_per_px))
    return LabelledFrame(name, path, (its and its.scanner) or 'unknown', _case(case, name, its), (its and its.domain) or 'unknown',
                 um_per_px=size or (its and its.um_per_px), tags_win=size is None)


def _case(pattern, name, its):
    if pattern is None:
        return (its and its.case_id) or '/'.join(key_of(name))
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise ValueError(f'--case {pattern}: not a regular expression ({error})') from error
    if not match or not (match[1] if match.re.groups else match[0]):
        raise ValueError(f'--case {pattern}: finds no case in {name!r}. Give an expression that matches every image')
    return match[1] if match.re.groups else match[0]


class _ClassNames:
    """Names in the files to our classes, counted."""

    def __init__(self, class_map):
        wrong = sorted(set(class_map.values()) - {*CLASSES, IGNORE})
        if wrong:
            raise ValueError(f'--class-map: {wrong[0]!r} is no class here. Choose {MITOSIS!r}, {HARD_NEGATIVE!r} or {IGNORE!r}')
        self._map, self._counts, self._first = class_map, {}, {}

    def category(self, given, where) -> str:
        """The class of a label: without one it is a mitotic figure; the regions of ``mitos detect`` are ignored unless mapped."""
        category = MITOSIS if given is None else self._map.get(given, IGNORE if given in REGIONS else class_name(given))
        self._counts[given, category] = self._counts.get((given, category), 0) + 1
        self._first.setdefault(given, where)
        return category

    def check(self, root) -> None:
        """Refuses names that are no class of ours, and a map that maps nothing."""
        unknown = sorted({str(given) for given, category in self._counts if category not in (*CLASSES, IGNORE)})
        if unknown:
            raise ValueError(f'{self._first.get(unknown[0], root)}: the class {unknown[0]!r} is not known (unknown in all: '
                             f'{", ".join(unknown)}). Map it: --class-map "{unknown[0]}=mitotic figure" (or hard negative, or ignore)')
        idle = sorted(set(self._map) - {given for given, _ in self._counts})
        if idle and self._counts:
            raise ValueError(f'--class-map: no label has the class {idle[0]!r}. Classes here: '
                             f'{", ".join(sorted({str(given) for given, _ in self._counts}))}')

    def notes(self) -> list[str]:
        """One line per name that is not ours."""
        return [f'{count} labels {"without a class" if given is None else f"of class {given!r}"} are taken as {category}'
                if category != IGNORE else f'{count} labels of class {given!r} are ignored'
                for (given, category), count in sorted(self._counts.items(), key=str) if given != category]


def _notes(without, unlabelled):
    if not without:
        return []
    taken = 'left out, since nobody may have looked at them (--unlabelled negative takes them as negatives)' \
        if unlabelled == 'leave-out' else 'taken as negatives'
    return [f'{len(without)} images without labels, such as {without[0]}, are {taken}']
