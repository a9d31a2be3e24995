"""Pictures cut from the frames: galleries of hits, misses and false positives, and whole frames. Each frame is read once, one at a time."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mitos_mmdet.report.marks import ALARM, HIT, MISS, Mark, marks_of, shapes

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

MOST_CROPS, MOST_FRAMES = 24, 24  # a gallery, frames (ours): about 6 MB of page
CROP_RADII = 8  # a crop's side: 64 um at a radius of 8 um (ours)
CROP_SIDE, FRAME_SIDE = 208, 800  # px as shown (ours)
_CROP_QUALITY, _FRAME_QUALITY = 85, 70  # JPEG (ours)
_PAPER = 236  # grey beyond the frame's border


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        jpeg: Base64.
        width, height: px of the picture.
        shapes: What is drawn on it, see ``marks.shapes``.
        frame: Index of its frame.
        mark: What a crop shows; None for a whole frame.
    """

    jpeg: str
    width: int
    height: int
    shapes: list
    frame: int
    mark: Mark | None = None


@dataclass(frozen=True)
class Gallery:
    """The pictures of one kind, and how many there are in all."""

    kind: str
    pictures: list
    total: int


@dataclass(frozen=True)
class Pictures:
    """All of them.

    Attributes:
        galleries: Misses, false positives and hits.
        frames: Whole frames.
        missing: Names of the frames that were wanted and not found.
    """

    galleries: list
    frames: Gallery
    missing: list


def take_pictures(evaluation: 'Evaluation', image_of: Callable[[str], np.ndarray | None]) -> 'Pictures':
    """Chooses what to show, reads these frames and cuts them.

    Misses and false positives come by falling score (misses: of the best detection under the threshold), hits by rising score: the least
    sure first. Of the frames those with the most errors are shown.

    Args:
        evaluation: ``Evaluation``.
        image_of: ``image_of(name)`` gives uint8 ``(H, W, 3)`` RGB, or None where there is no such picture.

    Returns:
        Pictures: See there.
    """
    marks = [marks_of(evaluation, index) for index in range(len(evaluation.frames))]
    chosen = {kind: _chosen([mark for its in marks for mark in its if mark.kind == kind], kind) for kind in (MISS, ALARM, HIT)}
    worst = sorted(range(len(marks)), key=lambda index: (-sum(mark.kind != HIT for mark in marks[index]), evaluation.frames[index].name))
    worst = worst[:MOST_FRAMES]
    crops, frames, missing = {}, {}, []
    for index in sorted({*worst, *(mark.frame for its in chosen.values() for mark in its)}):
        image = image_of(evaluation.frames[index].name)
        if image is None:
            missing.append(evaluation.frames[index].name)
            continue
        radius_px = evaluation.radius.to_px(evaluation.frames[index].um_per_px, evaluation.frames[index].name)
        for its in chosen.values():
            crops.update({mark: _crop(image, mark, marks[index], radius_px) for mark in its if mark.frame == index})
        if index in worst:
            frames[index] = _frame(image, index, marks[index], radius_px)
        del image  # before the next one is read
    total = {kind: sum(mark.kind == kind for its in marks for mark in its) for kind in chosen}
    return Pictures([Gallery(kind, [crops[mark] for mark in its if mark in crops], total[kind]) for kind, its in chosen.items()],
                    Gallery('frame', [frames[index] for index in worst if index in frames], len(marks)), missing)


def _chosen(marks, kind):
    sign = 1 if kind == HIT else -1
    return sorted(marks, key=lambda mark: (sign * (-1 if mark.score is None else mark.score), mark.frame, mark.y, mark.x))[:MOST_CROPS]


def _crop(image, mark, marks, radius_px):
    """A square of tissue around a mark; grey where it runs over the frame's border."""
    half = np.maximum(1, np.round(np.array(radius_px) * CROP_RADII / 2)).astype(int)
    left, top = np.floor([mark.x, mark.y]).astype(int) - half
    right, bottom = (left, top) + 2 * half
    height, width = image.shape[:2]
    tissue = np.full((bottom - top, right - left, 3), _PAPER, np.uint8)
    inside = image[max(0, top):max(0, bottom), max(0, left):max(0, right)]
    y, x = max(0, -top), max(0, -left)
    tissue[y:y + inside.shape[0], x:x + inside.shape[1]] = inside
    reach = 1 + 1 / CROP_RADII  # marks that reach into it
    near = [other for other in marks if abs(other.x - mark.x) < reach * half[0] and abs(other.y - mark.y) < reach * half[1]]
    scale = CROP_SIDE / (2 * half)
    return _picture(tissue, (CROP_SIDE, CROP_SIDE), _CROP_QUALITY, shapes(near, radius_px, (left, top, *scale)), mark.frame, mark)


def _frame(image, index, marks, radius_px):
    height, width = image.shape[:2]
    scale = min(1, FRAME_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _picture(image, size, _FRAME_QUALITY, shapes(marks, radius_px, (0, 0, size[0] / width, size[1] / height)), index)


def _picture(pixels, size, quality, drawn, frame, mark=None):
    shown = Image.fromarray(pixels)
    file = io.BytesIO()
    # Halves on the way down save most of the time of a slide region.
    shown.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0).save(file, 'JPEG', quality=quality, optimize=True)
    return Picture(base64.b64encode(file.getvalue()).decode('ascii'), *size, drawn, frame, mark)
