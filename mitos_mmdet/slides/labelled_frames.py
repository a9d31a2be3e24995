"""Detects on frames with ground truth and returns what ``evaluation`` reads; for benchmarks and ``mitos calibrate``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mitos_mmdet.core.names import inside
from mitos_mmdet.interchange.points import FramePoints, PointFile
from mitos_mmdet.slides.check_pixel_size import check_fine_enough, need_um_per_px
from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.slide import Slide

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel


def detect_frame(frame: FramePoints, folder: str | Path, model: 'LoadedModel', **how: Any) -> 'FramePoints':
    """What a model finds on one frame.

    Args:
        frame: ``FramePoints`` of the truth: its ``name`` is a path below ``folder``, its ``um_per_px`` goes before the file's.
        folder: Of the images.
        model: ``LoadedModel``.
        **how: Of ``detect``, such as ``tile_size``.

    Returns:
        FramePoints: In px of the frame, with scores.

    Raises:
        SlideError: No such image, none that can be read, or nobody knows its um/px.
    """
    with open_frame(frame, folder) as slide:
        found = detect(slide, model, **how)
    labels = np.array(found.classes, dtype=object)[found.labels]
    return FramePoints(frame.name, found.points, labels, found.scores, um_per_px=found.um_per_px, size_px=found.size)


def open_frame(frame: FramePoints, folder: str | Path) -> Slide:
    """The frame's image as a slide.

    Raises:
        SlideError: As of ``open_slide``.
        ValueError: The frame's name leads out of the folder.
    """
    return open_slide(inside(folder, Path(frame.name).as_posix(), 'the annotation file'), um_per_px=frame.um_per_px)


def detect_frames(truth: PointFile, folder: str | Path, model: 'LoadedModel', progress: Callable[[int, int], None] | None = None,
                  **how: Any) -> 'PointFile':
    """The same for all labelled frames of a truth, as one ``PointFile`` to score.

    Args:
        truth: ``PointFile``.
        folder, model, **how: As of ``detect_frame``.
        progress: Called as ``progress(done, total)`` after every frame.

    Raises:
        ValueError: No frame is labelled.
        SlideError: As of ``detect_frame``, or a frame is too coarse; all frames are opened before the first one is searched.
    """
    frames = labelled_frames(truth)
    for frame in frames:
        with open_frame(frame, folder) as slide:
            need_um_per_px(slide)
            check_fine_enough(slide, model.um_per_px)
    found = []
    for frame in frames:
        found.append(detect_frame(frame, folder, model, **how))
        if progress is not None:
            progress(len(found), len(frames))
    return PointFile(Path(truth.path), 'detected', found)


def labelled_frames(truth: PointFile) -> list[FramePoints]:
    """The ``FramePoints`` of a truth that somebody looked at.

    Raises:
        ValueError: There are none.
    """
    frames = [frame for frame in truth.frames if frame.labelled]
    if not frames:
        raise ValueError(f'{truth.path}: no labelled frame among the {len(truth.frames)}. Give the annotations of labelled frames')
    return frames
