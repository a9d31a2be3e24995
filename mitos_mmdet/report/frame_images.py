"""Where the frames' images are on disk, for the report's pictures."""

import os
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from mitos_mmdet.contests.image_files import SUFFIXES
from mitos_mmdet.core.files import is_regular
from mitos_mmdet.core.folders import walk_once
from mitos_mmdet.core.images import BrokenImageError, read_header, read_rgb
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.interchange.frame_names import key_of, pair_names


class FrameImages:
    """``image_of`` of a report: frames by name, below a folder.

    A name is taken as a path, then as a path below the folder, neither of which may lead out of it; else an image at any depth below it
    is looked for, whose name fits as those of detections and truth fit each other (``frame_names``). Where two fit, neither is taken: a
    wrong picture is worse than none.

    Args:
        frames: List of ``Frame``.
        folder: Where to look.

    Raises:
        ValueError: No such folder.
    """

    def __init__(self, frames: Sequence[Frame], folder: str | Path):
        self._sizes = {frame.name: frame.size_px for frame in frames}
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise ValueError(f'{folder}: no such folder of images')

    def __call__(self, name: str):
        """uint8 ``(H, W, 3)`` RGB; None where there is no image, it is damaged, or its size is not the frame's."""
        path = next(filter(self._is_below, (Path(name), self._folder / name)), None) or self._look_for(name)
        try:
            return read_rgb(path) if path is not None and self._fits(path, name) else None
        except BrokenImageError:
            return None

    def _is_below(self, path):
        """Whether it is a file below the folder: a name out of a file shows nothing else of the disk. Linked folders count as below."""
        return is_regular(path) and Path(os.path.abspath(path)).is_relative_to(os.path.abspath(self._folder))

    def _look_for(self, name):
        alike = {str(path.relative_to(self._folder)): path for path in self._by_stem[key_of(name)[-1]]}
        fitting = [path for path in map(alike.get, pair_names([name], list(alike))) if self._fits(path, name)]
        if len({path.with_suffix('') for path in fitting}) != 1:
            return None
        return min(fitting, key=lambda path: SUFFIXES.index(path.suffix.lower()))

    def _fits(self, path, name):
        size = self._sizes.get(name)
        try:
            return size is None or tuple(size) == read_header(path)[:2]
        except BrokenImageError:
            return False

    @cached_property
    def _by_stem(self):
        """All images at any depth, also below linked folders, each folder once: ``{stem: [path, ...]}``."""
        found = defaultdict(list)
        for top, _, files in walk_once(self._folder, onerror=lambda _: None):
            for name in files:
                if name.lower().endswith(SUFFIXES):
                    found[key_of(name)[-1]].append(Path(top, name))
        return found
