"""``CohortSlide``: one slide of a cohort, and what a list of them needs."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mitos_mmdet.core.names import fitted


@dataclass(frozen=True)
class CohortSlide:
    """One row of a manifest.

    Attributes:
        path: The slide.
        um_per_px: Over what the file says; None: the file's.
        roi: GeoJSON of its region; None: that of all slides, if any.
        columns: ``{name: text}`` of the manifest, carried into ``cohort.csv`` as they are; ``path`` is among them.
        folder: Name of its own folder in the output folder.
    """
    path: Path
    um_per_px: float | None = None
    roi: str | None = None
    columns: dict = field(default_factory=dict)
    folder: str = ''


def folder_names(slides: Iterable[CohortSlide]) -> list:
    """A folder name for each slide, all different on every file system: the stem, and where two are alike, with a hash of the path.

    A name depends on the other slides only where stems are alike, so a slice or a longer manifest finds the same folders.

    Args:
        slides: Iterable of ``CohortSlide``.

    Returns:
        list[str]: In their order.
    """
    slides = list(slides)
    stems = [re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', '_', slide.path.stem).strip('. ') or 'slide' for slide in slides]
    counts = Counter(stem.casefold() for stem in stems)
    # cohort.csv and its like lie beside the folders.
    return [fitted(stem, '' if counts[stem.casefold()] == 1 and not stem.casefold().startswith('cohort') else f'_{_digest(slide)}')
            for stem, slide in zip(stems, slides, strict=True)]


def slice_of(slides: Sequence[CohortSlide], text: str) -> list:
    """A part of the slides for one of several jobs.

    Args:
        slides: All slides, in the manifest's order.
        text: ``'i/n'``, i from 1 to n: every n-th slide from the i-th on.

    Raises:
        ValueError: Not such a text.
    """
    found = re.fullmatch(r'(\d+)/(\d+)', text)
    part, parts = map(int, found.groups()) if found else (0, 0)
    if not 1 <= part <= parts:
        raise ValueError(f"slice {text!r} must be 'i/n' with i from 1 to n, for example 3/10")
    return slides[part - 1::parts]


def _digest(slide):
    return hashlib.sha256(f'{slide.path.absolute()}\n{slide.roi}\n{slide.um_per_px}'.encode(errors='surrogateescape')).hexdigest()[:8]
