"""Which files ``mitos detect`` reads: those given, and those in folders and globs."""

import glob
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from mitos_mmdet.core.folders import walk_once
from mitos_mmdet.core.names import fitted, printable, without_unprintable
from mitos_mmdet.core.slide_files import dicom_series, is_mirax_folder, listed_files

IMAGES = {'.png', '.jpg', '.jpeg', '.tif', '.tiff', '.webp', '.bmp', '.jp2'}
SLIDES = {'.svs', '.ndpi', '.mrxs', '.scn', '.bif', '.dcm', '.vms', '.vmu', '.svslide', '.avs'}
_MOST_NAMED = 10
_OWN = {'summary.json', 'detections.csv', 'detections.geojson', 'mitotic-figures.json', 'overview.png', 'annotated.jpg', 'index.html'}
_MARKS = {'summary.json', '.unfinished'}  # one of them lies beside results
_COHORT = re.compile(r'cohort(_\d+of\d+)?\.(csv|html)')


def find_inputs(patterns: Iterable[str | Path], out_dir: str | Path) -> tuple:
    """The files to read.

    Args:
        patterns: Files, folders and globs, as given or as the shell expanded them. Folders are searched with their sub-folders; a file
            given by name is read whatever its name ends in. Results of earlier runs are no inputs. Of slides of several files, the parts
            are none; the data folder of a MIRAX slide without its ``.mrxs`` file is one, so that it is told of.
        out_dir: Output folder. What lies in it is no input, unless given by name or by a glob that matches nothing else.

    Returns:
        tuple: ``(inputs, ignored)``: ``Path`` s in the order given, each once; and what lies in the folders and is not read.

    Raises:
        ValueError: Something is not there, or a folder holds nothing to read, or all is results of earlier runs.
    """
    patterns, out_dir = list(map(str, patterns)), Path(out_dir).resolve()
    inputs, ignored, seen = [], [], set()
    for pattern in patterns:
        for path in _matches(pattern, out_dir):
            found = [] if _is_result(path) else [path]
            if path.is_dir() and not is_mirax_folder(path):
                found, rest, results = _in_folder(path, out_dir)
                is_out = path.resolve() == out_dir
                if is_out and len(patterns) > 1:  # the shell's slides/* holds slides/out, too
                    say_skipped([*found, *rest], 'in the output folder')
                    continue
                ignored += rest
                if not (found or results or is_out):
                    held = f'{len(rest)} files of other kinds' if rest else 'nothing'
                    raise ValueError(f'{path}: holds no slide and no image to read ({held}). Known are '
                                     f'{", ".join(sorted(IMAGES | SLIDES))}')
            for one in found:
                key = os.path.realpath(one)
                if key not in seen:
                    seen.add(key)
                    inputs.append(one)
    if not inputs:
        raise ValueError(f'{patterns[0]}: holds no slide and no image to read, only results of earlier runs or the output folder. Give '
                         f'slides, images, or folders of them')
    return inputs, ignored


def without_dicom_parts(inputs: Sequence[Path]) -> tuple:
    """Of the several files of one DICOM slide, which a folder holds, only the first: any of them opens the whole slide.

    Args:
        inputs: ``Path`` s.

    Returns:
        tuple: ``(inputs, left out)``.
    """
    kept, left_out, seen = [], [], set()
    for path in inputs:
        series = series_of(path)
        key = series and (os.path.realpath(path.parent), series)
        (left_out if key in seen else kept).append(path)
        seen |= {key} - {None}
    return kept, left_out


def series_of(path: Path) -> str | None:
    """The DICOM series that a file belongs to; other formats' files, by their names, are not opened for that."""
    return None if path.suffix.lower() in (IMAGES | SLIDES) - {'.dcm'} else dicom_series(path)


def say_skipped(paths: Sequence[Path], why: str) -> None:
    """Names, in one line of stderr, files that are left alone, as in ``'in the output folder'``; nothing where there are none."""
    if paths:
        named = ', '.join(printable(path.name) for path in paths[:_MOST_NAMED])
        more = f' and {len(paths) - _MOST_NAMED} more' if len(paths) > _MOST_NAMED else ''
        print(f'skipped {len(paths)} file{"s" if len(paths) > 1 else ""} {why} ({named}{more})', file=sys.stderr)


def _matches(pattern, out_dir):
    """The path, or what the glob matches; without what lies in the output folder, unless all does."""
    path = Path(pattern)
    if os.path.lexists(path):
        return [path]
    found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))] if glob.has_magic(pattern) else []
    found = _without_parts(found)
    if not found:
        raise ValueError(f'{pattern}: no such file or folder. Check the path')
    return [each for each in found if not _is_in(each, out_dir)] or found


def _is_in(path, folder):
    """Whether a path is a folder or lies in it; a link in it counts, wherever it leads."""
    return path.resolve() == folder or path.parent.resolve().is_relative_to(folder)


def _without_parts(paths):
    """What a glob matched, without what belongs to slides among it."""
    listed, slides = set().union(*map(listed_files, paths)), {str(path).lower() for path in paths}
    return [path for path in paths if path not in listed and not is_mirax_folder(path.parent)
            and not (f'{path}.mrxs'.lower() in slides and is_mirax_folder(path))]


def _in_folder(folder, out_dir):
    """``(readable files below a folder, the others, whether there is more)``: earlier results or the output folder; nor hidden files."""
    found, ignored, more = [], [], False
    for parent, folders, names in walk_once(folder):
        parent = Path(parent)
        folders[:] = [name for name in folders if not name.startswith('.')]
        outs = [name for name in folders if (parent / name).resolve() == out_dir]
        folders[:] = [name for name in folders if name not in outs]
        slides = {name.lower() for name in names}
        mirax = [name for name in folders if is_mirax_folder(parent / name) or f'{name}.mrxs'.lower() in slides]
        folders[:] = [name for name in folders if name not in mirax]
        found += [parent / name for name in mirax if f'{name}.mrxs'.lower() not in slides]
        own = _own(names)
        more = more or bool(outs or own)
        parts = set().union(*(listed_files(parent / name) for name in names)) | {parent / name for name in own}
        for path in (parent / name for name in names if not name.startswith('.')):
            if path in parts:
                continue
            known = path.suffix.lower() in IMAGES | SLIDES or dicom_series(path) is not None
            (found if known else ignored).append(path)
    return found, ignored, more


def _own(names):
    """Of the names in a folder, those of earlier results."""
    return {name for name in names if _COHORT.fullmatch(name) or name in _OWN and not _MARKS.isdisjoint(names)}


def _is_result(path):
    return path.name in _own([path.name, *(mark for mark in _MARKS if (path.parent / mark).is_file())])


def output_names(inputs: Sequence[Path]) -> list[str]:
    """A folder name for each input, all different: the file's stem; where two are alike the full name, then also its folder's.

    Args:
        inputs: ``Path`` s.

    Returns:
        list[str]: In their order.
    """
    kinds = [lambda path: path.stem, lambda path: path.name, lambda path: f'{path.resolve().parent.name}_{path.name}',
             lambda path: '_'.join(path.resolve().parts[1:])]
    names = [None] * len(inputs)
    open_places = list(range(len(inputs)))
    for kind in kinds:
        made = {place: fitted(without_unprintable(kind(inputs[place])), '') for place in open_places}
        # Case is ignored: some file systems do.
        counts = {}
        for name in [*made.values(), *filter(None, names)]:
            counts[name.lower()] = counts.get(name.lower(), 0) + 1
        for place, name in made.items():
            if counts[name.lower()] == 1:
                names[place] = name
        open_places = [place for place in open_places if names[place] is None]
    return names
