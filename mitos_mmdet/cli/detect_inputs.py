"""Which files ``mitos detect`` reads: those given, and those in folders and globs."""

import contextlib
import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mitos_mmdet.core.folders import walk_once
from mitos_mmdet.core.names import fitted, without_unprintable

IMAGES = {'.png', '.jpg', '.jpeg', '.tif', '.tiff', '.webp', '.bmp', '.jp2'}
SLIDES = {'.svs', '.ndpi', '.mrxs', '.scn', '.bif', '.dcm', '.vms', '.vmu', '.svslide'}
_OWN = {'summary.json', 'detections.csv', 'detections.geojson', 'mitotic-figures.json', 'overview.png', 'annotated.jpg', 'index.html'}


def find_inputs(patterns: Iterable[str | Path], out_dir: str | Path) -> tuple:
    """The files to read.

    Args:
        patterns: Files, folders and globs, as given. Folders are searched with their sub-folders; a file given by name is read
            whatever its name ends in.
        out_dir: Output folder: what lies in it is no input.

    Returns:
        tuple: ``(inputs, ignored)``: ``Path`` s in the order given, each once; and what lies in the folders and is not read.

    Raises:
        ValueError: Something is not there, or a folder holds nothing to read.
    """
    inputs, ignored, seen = [], [], set()
    for pattern in map(str, patterns):
        for path in _matches(pattern):
            found = [path]
            if path.is_dir():
                found, rest = _in_folder(path, Path(out_dir))
                ignored += rest
                if not found:
                    held = f'{len(rest)} files of other kinds' if rest else 'nothing'
                    raise ValueError(f'{path}: holds no slide and no image to read ({held}). Known are '
                                     f'{", ".join(sorted(IMAGES | SLIDES))}')
            for one in found:
                key = os.path.realpath(one)
                if key not in seen:
                    seen.add(key)
                    inputs.append(one)
    return inputs, ignored


def without_dicom_parts(inputs: Sequence[Path]) -> tuple:
    """Of the several files of one DICOM slide, which a folder holds, only the first: any of them opens the whole slide.

    Args:
        inputs: ``Path`` s.

    Returns:
        tuple: ``(inputs, left out)``.
    """
    from mitos_mmdet.slides.open_slide import open_slide

    kept, left_out, seen = [], [], set()
    for path in inputs:
        key = None
        if path.suffix.lower() == '.dcm':
            with contextlib.suppress(ValueError), open_slide(path) as slide:  # what cannot be opened is told of later
                key = (path.parent, slide.properties.get('dicom.SeriesInstanceUID', str(path)))
        (left_out if key in seen else kept).append(path)
        seen |= {key} - {None}
    return kept, left_out


def _matches(pattern):
    path = Path(pattern)
    if os.path.lexists(path):
        return [path]
    found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))] if glob.has_magic(pattern) else []
    if not found:
        raise ValueError(f'{pattern}: no such file or folder. Check the path')
    return found


def _in_folder(folder, out_dir):
    """Readable files below a folder, and the others; hidden files and earlier results are neither."""
    found, ignored = [], []
    out_dir = out_dir.resolve()
    for parent, folders, names in walk_once(folder):
        parent = Path(parent)
        # The data of MIRAX slides lies in a folder of the slide's name.
        folders[:] = [name for name in folders if not name.startswith('.') and (parent / name).resolve() != out_dir
                      and f'{name}.mrxs' not in names]
        results = _OWN if 'summary.json' in names else set()
        for name in (name for name in names if not name.startswith('.') and name not in results):
            if Path(name).suffix.lower() in IMAGES | SLIDES:
                found.append(parent / name)
            else:
                ignored.append(parent / name)
    return found, ignored


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
